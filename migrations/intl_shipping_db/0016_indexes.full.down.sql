DROP INDEX idx_manifests_company_id, idx_manifests_status, idx_manifests_created_at,
    idx_manifests_destination, idx_manifests_company_status_date, idx_manifest_items_product_id,
    idx_manifest_items_hs_code, idx_shipping_rates_carrier, idx_shipping_rates_total_cost,
    idx_shipping_rates_manifest_carrier_cost, idx_countries_zone, idx_countries_active,
    idx_shipping_carriers_active;
