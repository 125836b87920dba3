DROP TRIGGER manifests_status_path ON manifests;
DROP FUNCTION refuse_manifest_status();
DROP FUNCTION manifest_steps();
