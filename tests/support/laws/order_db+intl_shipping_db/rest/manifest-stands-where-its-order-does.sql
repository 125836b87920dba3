-- confirmed: the manifest is a draft, submitted, or rejected and can be mended; processing: approved, or
-- one of those after a recall; shipped or in transit: shipped; delivered: delivered; cancelled: rejected
-- for good. And the other way round.
-- with: manifests manifest_orders
SELECT o.order_number, o.status, m.status AS manifest, b.retryable, b.rejection_code
FROM orders o
JOIN manifest_orders b ON b.order_number = o.order_number
JOIN manifests m ON m.id = b.manifest_id
WHERE NOT CASE o.status
    WHEN 'confirmed' THEN m.status IN ('draft', 'submitted') OR (m.status = 'rejected' AND b.retryable)
    WHEN 'processing' THEN m.status IN ('approved', 'draft', 'submitted')
        OR (m.status = 'rejected' AND b.retryable)
    WHEN 'shipped' THEN m.status = 'shipped'
    WHEN 'in_transit' THEN m.status = 'shipped'
    WHEN 'delivered' THEN m.status = 'delivered'
    WHEN 'cancelled' THEN m.status = 'rejected' AND NOT b.retryable
    ELSE false END
