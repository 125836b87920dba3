-- Notes that a seal is on its topic; another sealer may have noted it first.
-- in: size int8
INSERT INTO ev.seal_publication (size) VALUES ($1) ON CONFLICT DO NOTHING
