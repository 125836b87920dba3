DROP TABLE party_projection, manifest_orders, shipping_rates, manifest_item_extras, manifest_items,
    manifests;
