-- Puts on record which numbers will never come. A leader before us may have found the same ones.
-- in: name text, from_seqs int8[], to_seqs int8[]
INSERT INTO ev.outbox_gap (name, from_seq, to_seq)
SELECT $1, gap.from_seq, gap.to_seq
FROM unnest($2, $3) gap (from_seq, to_seq)
ON CONFLICT (name, from_seq) DO NOTHING
