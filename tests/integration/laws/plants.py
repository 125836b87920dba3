"""One fault for each law: (the law, database, what is done to it, other laws that must
notice the same). Done past triggers and foreign keys; a CHECK that is in the way goes first."""

# The relay has passed it, and the numbers that a plant before it burnt.
PUBLISHED = """INSERT INTO ev.outbox_gap (name, from_seq, to_seq)
               SELECT 'outbox', p.seq + 1, o.seq - 1
               FROM ev.relay_position p, (SELECT max(seq) AS seq FROM ev.outbox) o
               WHERE p.name = 'outbox' AND o.seq > p.seq + 1;
               UPDATE ev.relay_position SET seq = (SELECT max(seq) FROM ev.outbox) WHERE name = 'outbox'; """


def fact(subject, of_type, as_type=None, event_id="gen_random_uuid()", published=True, outcome=False):
    """A fact like another of the same subject, later and of another type."""
    as_id = f"(SELECT id FROM ev.name_ids(ARRAY['{as_type or of_type}']))"
    return f"""INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, outcome, key, subject,
                                      causation_id, causation_source, payload, recorded_at)
        SELECT {event_id}, schema_id, source_id, topic, {as_id}, {'outcome' if outcome else 'NULL'}, key, subject,
            causation_id, causation_source, payload, recorded_at
        FROM ev.outbox WHERE subject = '{subject}' AND type = (SELECT id FROM ev.name_ids(ARRAY['{of_type}']));
        """ + PUBLISHED * published


def order(number):
    return f"(SELECT id FROM orders WHERE order_number = '{number}')"


def manifest(number):
    return f"(SELECT id FROM manifests WHERE unique_id = '{number}')"


O, C, S = "order_db", "customer_db", "intl_shipping_db"

PLANTS = (
    ("each/outcome-is-one", C, fact("C-1", "quenty.customer.CompanyRegistered",
     "quenty.customer.CustomerRequestRepeated", outcome=True)),
    ("each/fact-has-one-id", C, fact("C-1", "quenty.customer.CompanyRegistered",
     "quenty.customer.CompanyUpdated", "event_id")),
    ("each/fact-has-names", S, """UPDATE ev.outbox SET topic = 999 WHERE seq = 1"""),
    ("each/hole-is-explained", S, "DELETE FROM ev.outbox WHERE type IN (SELECT id FROM ev.dictionary "
     "WHERE name = 'quenty.shipping.ManifestSubmitted') AND subject LIKE '%SHIPPED%'"),
    ("each/request-names-its-outcome", O,
     "UPDATE ev.request SET event_id = 'EV-0' WHERE natural_key = 'HOME-SHORT-1'"),
    ("each/nothing-waits", O, "UPDATE ev.parked SET deadline = now()"),
    ("each/no-lane-is-halted", O, """INSERT INTO ev.consumer_offset (group_name, topic, partition,
     halted_reason, halted_at) VALUES ('order', 'quenty.order.ingress.v1', 0, 'out of range', now())"""),
    ("each/all-is-published", C, fact("C-1", "quenty.customer.CompanyRegistered",
     "quenty.customer.CompanyUpdated", published=False)),
    ("topics/fact-is-on-its-topic", O,
     "UPDATE ev.outbox SET payload = '\\x01' WHERE subject = 'HOME-CONFIRMED-1' AND outcome IS NULL"),

    (f"{O}/reserved-is-open-reservations", O,
     "UPDATE inventory_items SET reserved_quantity = reserved_quantity + 1 WHERE id = 1"),
    (f"{O}/quantity-is-ledger", O, "UPDATE inventory_items SET quantity = quantity - 1 WHERE id = 2"),
    (f"{O}/movement-is-of-its-lot", O,
     "UPDATE stock_movements SET product_id = 2 WHERE reference_number = 'GRN-1'"),
    (f"{O}/reserved-is-within-quantity", O, """
     ALTER TABLE inventory_items DROP CONSTRAINT chk_inventory_reserved;
     UPDATE inventory_items SET quantity = reserved_quantity - 1 WHERE id = 3;
     UPDATE stock_movements SET quantity = quantity + (SELECT i.reserved_quantity - 1 - sum(CASE
         m.movement_type WHEN 'OUT' THEN -m.quantity ELSE m.quantity END)
         FROM stock_movements m JOIN inventory_items i ON i.id = 3 AND m.inventory_item_id = 3
         GROUP BY i.reserved_quantity)
     WHERE reference_number = 'GRN-3'"""),
    (f"{O}/confirmed-is-reserved", O, f"""
     UPDATE inventory_items SET reserved_quantity = reserved_quantity - 2 WHERE id = 3;
     DELETE FROM stock_reservations WHERE order_id = {order('HOME-CONFIRMED-1')} AND product_id = 2"""),
    (f"{O}/pending-is-all-or-nothing", O, f"""
     UPDATE inventory_items SET reserved_quantity = reserved_quantity - 1 WHERE id = 3;
     DELETE FROM stock_reservations WHERE order_id = {order('HOME-PENDING-1')} AND product_id = 2"""),
    (f"{O}/shipped-is-consumed", O, f"""
     UPDATE stock_reservations SET quantity = quantity - 1
     WHERE order_id = {order('ABROAD-SHIPPED-1')} AND product_id = 2;
     UPDATE stock_movements SET quantity = quantity - 1
     WHERE reference_number = 'ABROAD-SHIPPED-1' AND product_id = 2;
     UPDATE inventory_items SET quantity = quantity + 1 WHERE id = 3""", ("manifest-items-are-the-lines",)),
    (f"{O}/cancelled-holds-nothing", O, f"""
     UPDATE stock_reservations SET status = 'open', expires_at = (SELECT expires_at FROM order_extras
         WHERE order_id = {order('HOME-EXPIRED-1')})
     WHERE order_id = {order('HOME-EXPIRED-1')} AND product_id = 2;
     UPDATE inventory_items SET reserved_quantity = reserved_quantity + 2 WHERE id = 3"""),
    (f"{O}/consumed-is-shipped", O, f"""
     UPDATE stock_reservations SET status = 'consumed'
     WHERE order_id = {order('HOME-EXPIRED-1')} AND product_id = 2;""", ("consumption-is-in-the-ledger",)),
    (f"{O}/consumption-is-in-the-ledger", O, """
     UPDATE stock_movements SET reference_number = 'ABROAD-TRANSIT-1'
     WHERE reference_number = 'ABROAD-SHIPPED-1' AND product_id = 2"""),
    (f"{O}/never-cancelled-and-shipped", O, fact("ABROAD-SHIPPED-1", "quenty.order.OrderConfirmed",
     "quenty.order.OrderCancelled") + fact("ABROAD-SHIPPED-1", "quenty.order.OrderShipped")),
    (f"{O}/total-is-sum-of-lines", O,
     "UPDATE orders SET total_amount = total_amount + 0.01 WHERE order_number = 'HOME-CONFIRMED-1'"),
    (f"{O}/line-is-of-its-order", O,
     "UPDATE orders SET company_id = 'C-2' WHERE order_number = 'HOME-PENDING-1'"),
    (f"{O}/reservation-is-of-its-line", O, f"""
     UPDATE stock_reservations SET product_id = 1
     WHERE order_id = {order('HOME-EXPIRED-1')} AND product_id = 2"""),
    (f"{O}/order-has-extras", O, f"DELETE FROM order_extras WHERE order_id = {order('HOME-SHORT-1')}"),
    (f"{O}/time-limit-is-of-pending", O, f"""
     UPDATE stock_reservations SET expires_at = NULL WHERE order_id = {order('HOME-PENDING-1')}"""),
    (f"{O}/status-follows-facts", O,
     "UPDATE orders SET status = 'processing' WHERE order_number = 'HOME-CONFIRMED-1'"),
    (f"{O}/cancellation-is-asked-abroad", O, f"""
     UPDATE order_extras SET cancel_requested_at = now() WHERE order_id = {order('HOME-CONFIRMED-1')}""",
     ("cancellation-is-answered",)),
    (f"{O}/cancellation-is-answered", O, f"""
     UPDATE order_extras SET cancel_requested_at = now() WHERE order_id = {order('ABROAD-SHIPPED-1')}"""),
    (f"{O}/time-limit-is-kept", O, f"""
     UPDATE order_extras SET expires_at = now() - interval '1 minute' WHERE order_id = {order('HOME-PENDING-1')};
     UPDATE stock_reservations SET expires_at = (SELECT expires_at FROM order_extras x
         WHERE x.order_id = stock_reservations.order_id)
     WHERE order_id = {order('HOME-PENDING-1')}"""),
    (f"{O}/no-backorder-beside-stock", O, """
     UPDATE inventory_items SET quantity = quantity + 6000 WHERE id = 1;
     UPDATE stock_movements SET quantity = quantity + 6000 WHERE reference_number = 'GRN-1'"""),

    (f"{C}/user-belongs-to-a-company", C, """
     UPDATE users SET company_id = 'C-9' WHERE unique_id = 'U-2'""", ("parties-are-known",)),
    (f"{C}/users-follow-their-company", C, """
     UPDATE users SET active = true WHERE unique_id = 'U-3'""", ("parties-are-known",)),
    (f"{C}/document-type-is-known", C, "UPDATE companies SET document_type = 'none' WHERE company_id = 'C-1'"),
    (f"{C}/address-is-of-one-user", C, """
     DROP INDEX users_email_lower_key; UPDATE users SET email = 'Ann@One.example' WHERE unique_id = 'U-2'"""),
    (f"{C}/user-has-a-secret", C, "UPDATE users SET password_hash = '!' WHERE unique_id = 'U-2'"),
    (f"{C}/rows-have-facts", C, fact("C-1", "quenty.customer.CompanyRegistered")),

    (f"{S}/total-is-sum-of-items", S,
     "UPDATE manifests SET total_weight = total_weight + 1 WHERE unique_id = 'HAND-1'"),
    (f"{S}/item-volume-is-rounded-once", S, f"""
     UPDATE manifest_item_extras SET volume_cm3 = volume_cm3 + 500 WHERE manifest_item_id IN (
         SELECT id FROM manifest_items WHERE manifest_id = {manifest('HAND-1')})"""),
    (f"{S}/manifest-has-its-rows", S, f"""
     DELETE FROM manifest_item_extras WHERE manifest_item_id IN (SELECT id FROM manifest_items
         WHERE manifest_id = {manifest('HAND-1')})"""),
    (f"{S}/orders-manifest-is-named-after-it", S,
     "UPDATE manifests SET created_by = 'clerk' WHERE unique_id = 'MAN-ABROAD-DRAFT-1'"),
    (f"{S}/rate-proves-itself", S, f"""
     ALTER TABLE shipping_rates DROP CONSTRAINT chk_shipping_rates_total;
     UPDATE shipping_rates SET total_cost = 999 WHERE manifest_id = {manifest('MAN-ABROAD-DRAFT-1')}"""),
    (f"{S}/submitted-is-complete", S, f"""
     UPDATE manifest_items SET hs_code = NULL WHERE manifest_id = {manifest('MAN-ABROAD-SUBMITTED-1')}"""),
    (f"{S}/approved-is-tracked", S, """
     ALTER TABLE manifests DROP CONSTRAINT chk_manifests_tracking;
     UPDATE manifests SET tracking_number = NULL WHERE unique_id = 'MAN-ABROAD-SHIPPED-1'"""),
    (f"{S}/rejection-has-a-reason", S, f"""
     UPDATE manifest_orders SET rejection_code = 'OTHER', retryable = true
     WHERE manifest_id = {manifest('MAN-ABROAD-SUBMITTED-1')}"""),
    (f"{S}/never-rejected-and-shipped", S,
     fact("MAN-ABROAD-SHIPPED-1", "quenty.shipping.ManifestDrafted", "quenty.shipping.ManifestRejected")
     + fact("MAN-ABROAD-SHIPPED-1", "quenty.shipping.ManifestShipped"), ("manifest-follows-facts",)),
    (f"{S}/manifest-follows-facts", S, fact("HAND-1", "quenty.shipping.ManifestDrafted")),
    (f"{S}/time-to-mend-is-kept", S, f"""
     UPDATE manifest_orders SET retry_until = now() - interval '1 minute'
     WHERE manifest_id = {manifest('MAN-ABROAD-DRAFT-1')}"""),

    ("manifests/order-has-one-manifest", S, f"""
     UPDATE manifest_orders SET order_number = NULL WHERE manifest_id = {manifest('MAN-ABROAD-DRAFT-1')}""",
     ("orders-manifest-is-named-after-it",)),
    ("manifests/manifest-agrees-with-its-order", S,
     "UPDATE manifests SET destination_country = 'CA' WHERE unique_id = 'MAN-ABROAD-SUBMITTED-1'"),
    ("manifests/manifest-items-are-the-lines", S, f"""
     UPDATE manifest_items SET quantity = quantity + 1
     WHERE manifest_id = {manifest('MAN-ABROAD-SUBMITTED-1')} AND product_id = 1"""),
    ("manifests/manifest-stands-where-its-order-does", S, f"""
     UPDATE manifest_orders SET retryable = false, retry_until = NULL
     WHERE manifest_id = {manifest('MAN-ABROAD-RETRY-1')}"""),
    ("parties/parties-are-known", O, "UPDATE party_projection SET active = true WHERE party_id = 'C-3'"),
    ("parties/parties-are-known", S, "DELETE FROM party_projection WHERE party_id = 'U-1'"),
)


def first_record(world, topic, highest=10):
    """A record of a partition that is not the last."""
    return next(m for m in world.read_all(topic) if m.partition() <= highest)


def send(world, record, **changes):
    """The record again, with some headers changed."""
    headers = [(n, changes.get(n, v)) for n, v in record.headers()]
    headers = [(n, v.encode() if isinstance(v, str) else v) for n, v in headers if v != ""]
    producer = world.producer()
    producer.produce(record.topic(), record.value(), record.key(), headers=headers,
                     partition=changes.get("partition", record.partition()))
    assert producer.flush(30) == 0


def event_without_outcome(world, _header):
    producer = world.producer()
    producer.produce("quenty.stock.ingress.v1", b"\0", "C-1",
                     headers=[("ce_id", b"stray"), ("ce_source", b"/test/shop")])
    assert producer.flush(30) == 0


def outcome_without_event(world, _header):
    """As if nobody had asked: its event has fallen off the topic."""
    asked = next(m for m in world.read_all("quenty.customer.ingress.v1"))
    world.delete_records(asked.topic(), asked.partition(), asked.offset() + 1)


def other_bytes_again(world, _header):
    send(world, first_record(world, "quenty.customer.events.v1"), ce_subject="C-other")


def other_partition(world, _header):
    record = first_record(world, "quenty.customer.events.v1")
    send(world, record, partition=record.partition() + 1)


def recorded_twice(world):
    """A StockReserved of before, recorded again and never published: that record, the new row's seq and id."""
    first = next(m for m in world.read_all("quenty.stock.events.v1")
                 if dict(m.headers())["ce_type"] == b"quenty.stock.StockReserved" and
                 "ce_previoussequence" in dict(m.headers()))
    sequence = dict(first.headers())["ce_sequence"].decode()
    world.sql("order_db", f"""INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, key, subject,
                                  payload, recorded_at)
        SELECT gen_random_uuid(), schema_id, source_id, topic, type, key, subject, payload, recorded_at
        FROM ev.outbox WHERE seq = {sequence}; """ + PUBLISHED)
    seq, event_id = world.sql("order_db", "SELECT seq, event_id FROM ev.outbox ORDER BY seq DESC LIMIT 1")[0]
    return first, seq, event_id


def end_of(world, record):
    """The highest sequence of the record's partition."""
    return max(int(dict(m.headers())["ce_sequence"]) for m in world.read_all(record.topic())
               if m.partition() == record.partition())


def without_the_one_before(world, _header):
    first, seq, event_id = recorded_twice(world)
    send(world, first, ce_id=event_id, ce_sequence=seq, ce_previoussequence="")


def inverted(world, _header):
    record, one, one_id = recorded_twice(world)
    _, two, two_id = recorded_twice(world)
    before = end_of(world, record)
    send(world, record, ce_id=two_id, ce_sequence=two, ce_previoussequence=one)
    send(world, record, ce_id=one_id, ce_sequence=one, ce_previoussequence=str(before))


TOPIC_PLANTS = (
    ("topics/event-has-its-outcome", (), event_without_outcome),
    ("topics/outcome-has-its-event", (), outcome_without_event),
    ("topics/repeated-fact-is-equal", (), other_bytes_again),
    ("topics/key-keeps-its-partition", (), other_partition),
    ("topics/fact-stands-in-order", (), inverted),
    ("topics/fact-names-the-one-before", (), without_the_one_before),
)
