-- Indexes of the original schema document that only people's queries need.
CREATE INDEX idx_manifests_company_id ON manifests (company_id);
CREATE INDEX idx_manifests_status ON manifests (status);
CREATE INDEX idx_manifests_created_at ON manifests (created_at DESC);
CREATE INDEX idx_manifests_destination ON manifests (destination_country);
CREATE INDEX idx_manifests_company_status_date ON manifests (company_id, status, created_at DESC);
CREATE INDEX idx_manifest_items_product_id ON manifest_items (product_id);
CREATE INDEX idx_manifest_items_hs_code ON manifest_items (hs_code);
CREATE INDEX idx_shipping_rates_carrier ON shipping_rates (carrier_name);
CREATE INDEX idx_shipping_rates_total_cost ON shipping_rates (total_cost);
CREATE INDEX idx_shipping_rates_manifest_carrier_cost
    ON shipping_rates (manifest_id, carrier_name, total_cost);
CREATE INDEX idx_countries_zone ON countries (zone);
CREATE INDEX idx_countries_active ON countries (active);
CREATE INDEX idx_shipping_carriers_active ON shipping_carriers (active);
