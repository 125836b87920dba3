-- Who sees which rows. A manifest belongs to a company, and everything about it belongs to the manifest.
-- Countries, carriers, rules and holidays are everybody's: tenants read them, but for the carriers' keys.
SELECT ev.grant_tables();
SELECT ev.isolate_companies('manifests', 'company_id = :company', 'company_id = :company');
SELECT ev.isolate_companies('party_projection',
    'company_id = :company OR (kind = ''company'' AND party_id = :company)', NULL);
SELECT ev.isolate_companies(reference, 'true', NULL)
FROM unnest('{countries,shipping_carriers,country_rules,holidays}'::regclass[]) reference;

DO $$
DECLARE
    of_manifest CONSTANT text := 'EXISTS (SELECT FROM manifests m '
                                 'WHERE m.id = manifest_id AND m.company_id = :company)';
    of_item     CONSTANT text := 'EXISTS (SELECT FROM manifest_items i JOIN manifests m ON m.id = i.manifest_id '
                                 'WHERE i.id = manifest_item_id AND m.company_id = :company)';
    of_rate     CONSTANT text := 'EXISTS (SELECT FROM shipping_rates r JOIN manifests m ON m.id = r.manifest_id '
                                 'WHERE r.id = selected_rate_id AND m.company_id = :company)';
BEGIN
    PERFORM ev.isolate_companies('manifest_items', of_manifest, of_manifest);
    PERFORM ev.isolate_companies('shipping_rates', of_manifest, of_manifest);
    PERFORM ev.isolate_companies('manifest_orders', of_manifest,
        of_manifest || ' AND (selected_rate_id IS NULL OR ' || of_rate || ')');
    PERFORM ev.isolate_companies('manifest_item_extras', of_item, of_item);
END
$$;

REVOKE SELECT ON shipping_carriers FROM shipping_user;
GRANT SELECT (id, name, code, api_endpoint, active, supported_services, created_at)
    ON shipping_carriers TO shipping_user;
-- Nothing of these is ever deleted; they are rejected, retired or suspended.
REVOKE DELETE ON manifests, manifest_orders, countries, shipping_carriers, country_rules
    FROM shipping_worker;
