import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The order worker as a team would plainly write it: it takes OrderPlaced from Kafka one by one, and for each
 * one opens a transaction, looks up and locks what it needs, writes rows and facts, commits, and commits the
 * offset. At least once by Kafka's offsets, once in effect by the inbox.
 *
 * It writes the rows that quenty-order writes. An order that is not acceptable ends it: the load has none.
 *
 * OrderWorker BROKERS JDBC_URL SCHEMAS GROUP sync|async
 *
 * SIGTERM ends it; it prints a line of JSON then.
 */
public final class OrderWorker implements AutoCloseable {
    private static final String TOPIC = "quenty.order.ingress.v1";
    private static final String ORDER_FACTS = "quenty.order.events.v1";
    private static final String STOCK_FACTS = "quenty.stock.events.v1";
    private static final String PLACED = "quenty.order.OrderPlaced";
    private static final String ACCEPTED = "quenty.order.OrderAccepted";
    private static final String CONFIRMED = "quenty.order.OrderConfirmed";
    private static final String RESERVED = "quenty.stock.StockReserved";
    private static final short OUTCOME_ACCEPTED = 1;
    private static final int DESCRIPTION_MAX = 200;

    private record Product(int id, String sku, String company, boolean active, BigDecimal price, String category,
                           String description, BigDecimal weight, long volume, String currency, String hsCode,
                           String madeIn) {}

    private record Lot(int id, int product, int available, String location, String batch, Instant expiry) {}

    private record Line(Product product, int quantity, BigDecimal price, BigDecimal total) {}

    private record Taken(Line line, Lot lot, int quantity) {}

    private record Fact(String topic, String type, Short outcome, GenericRecord data) {}

    /** What an event says about itself. */
    private record Envelope(String id, String source, String correlation) {
        static Envelope of(ConsumerRecord<byte[], byte[]> message) {
            String id = header(message, "ce_id");
            String correlation = header(message, "ce_correlationid");
            return new Envelope(id, header(message, "ce_source"), correlation == null ? id : correlation);
        }

        private static String header(ConsumerRecord<byte[], byte[]> message, String name) {
            var header = message.headers().lastHeader(name);
            return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
        }
    }

    /** The project's schemas and their numbers; codecs are made once. */
    private static final class Codec {
        private final Map<String, Integer> ids = new HashMap<>();
        private final Map<String, Schema> schemas = new HashMap<>();
        private final Map<String, GenericDatumWriter<GenericRecord>> writers = new HashMap<>();
        private final GenericDatumReader<GenericRecord> placed;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private BinaryDecoder decoder;
        private BinaryEncoder encoder;

        Codec(Path folder) throws IOException {
            GenericData data = new GenericData();
            data.addLogicalTypeConversion(new Conversions.DecimalConversion());
            data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
            for (String line : Files.readAllLines(folder.resolve("ids"))) {
                String[] columns = line.split(" ");
                if (line.startsWith("#") || columns.length < 4) {
                    continue;
                }
                Schema schema = new Schema.Parser().parse(folder.resolve(columns[3]).toFile());
                ids.put(columns[1], Integer.valueOf(columns[0]));
                schemas.put(columns[1], schema);
                writers.put(columns[1], new GenericDatumWriter<>(schema, data));
            }
            placed = new GenericDatumReader<>(schemas.get(PLACED), schemas.get(PLACED), data);
        }

        /** 00, the schema's number, the value. */
        GenericRecord decode(byte[] value) throws IOException {
            if (value[0] != 0 || ByteBuffer.wrap(value, 1, 4).getInt() != ids.get(PLACED)) {
                throw new IOException("no OrderPlaced");
            }
            decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, decoder);
            return placed.read(null, decoder);
        }

        byte[] encode(Fact fact) throws IOException {
            bytes.reset();
            encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
            writers.get(fact.type()).write(fact.data(), encoder);
            encoder.flush();
            return bytes.toByteArray();
        }

        Schema schema(String type) {
            return schemas.get(type);
        }

        Schema lineSchema(String type, String field) {
            return schemas.get(type).getField(field).schema().getElementType();
        }
    }

    private final Connection db;
    private final Codec codec;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final boolean waitsForOffsets;
    private final Map<TopicPartition, OffsetAndMetadata> applied = new HashMap<>();
    private final Map<String, Short> names = new HashMap<>();
    private final short sourceId;
    private final PreparedStatement claim, parties, products, lots, order, extras, item, reserve, take, announce;
    private long count, firstCommit, lastCommit;

    private OrderWorker(String brokers, String url, Path schemas, String group, boolean waits) throws Exception {
        codec = new Codec(schemas);
        waitsForOffsets = waits;
        // Rewritten batches: several rows of one message become one INSERT.
        db = DriverManager.getConnection(url + "&reWriteBatchedInserts=true");
        sourceId = readIds();
        claim = db.prepareStatement("INSERT INTO ev.inbox_a (source, event_id, content_hash) VALUES (?, ?, ?) "
                + "ON CONFLICT DO NOTHING");
        parties = db.prepareStatement("SELECT kind, role, active FROM party_projection "
                + "WHERE (kind = 'company' AND party_id = ?) OR (kind = 'user' AND party_id = ?)");
        products = db.prepareStatement("SELECT p.id, p.sku, p.company_id, p.active, p.price, p.category, "
                + "coalesce(nullif(p.description, ''), p.name), p.weight, "
                + "coalesce(round((dimensions ->> 'length')::numeric * (dimensions ->> 'width')::numeric "
                + "* (dimensions ->> 'height')::numeric), 0), x.currency, x.hs_code, x.country_of_origin "
                + "FROM products p JOIN product_extras x ON x.product_id = p.id WHERE p.sku = ANY (?)");
        lots = db.prepareStatement("SELECT id, product_id, quantity - reserved_quantity, location, batch_number, "
                + "expiry_date FROM inventory_items WHERE product_id = ANY (?) "
                + "AND (expiry_date IS NULL OR expiry_date > now()) ORDER BY id FOR UPDATE");
        order = db.prepareStatement("INSERT INTO orders (order_number, status, total_amount, currency, "
                + "customer_id, company_id) VALUES (?, 'confirmed', ?, ?, ?, ?) RETURNING id");
        extras = db.prepareStatement("INSERT INTO order_extras (order_id, origin_country, destination_country, "
                + "placed_at, placed_event_id, confirmation, reservation_ttl_s, backorder, preferred_location) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        item = db.prepareStatement("INSERT INTO order_items (order_id, product_id, quantity, unit_price, "
                + "total_price) VALUES (?, ?, ?, ?, ?)", new String[] {"id"});
        reserve = db.prepareStatement("INSERT INTO stock_reservations (order_id, order_item_id, product_id, "
                + "inventory_item_id, quantity, status) VALUES (?, ?, ?, ?, ?, 'open')");
        take = db.prepareStatement("UPDATE inventory_items SET reserved_quantity = reserved_quantity + ?, "
                + "updated_at = now() WHERE id = ?");
        announce = db.prepareStatement("INSERT INTO ev.outbox (event_id, schema_id, source_id, topic, type, "
                + "outcome, key, subject, correlation_id, causation_id, causation_source, payload) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        db.setAutoCommit(false);
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", brokers, "group.id", group,
                "enable.auto.commit", "false", "auto.offset.reset", "earliest"),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The numbers of topics, types and of this database in the outbox. */
    private short readIds() throws SQLException {
        try (PreparedStatement ids = db.prepareStatement("SELECT name, id FROM ev.name_ids(?)");
             PreparedStatement source = db.prepareStatement("SELECT ev.source_id(ev.current_source_uri())")) {
            ids.setArray(1, db.createArrayOf("text",
                    new String[] {ORDER_FACTS, STOCK_FACTS, ACCEPTED, CONFIRMED, RESERVED}));
            for (ResultSet rows = ids.executeQuery(); rows.next();) {
                names.put(rows.getString(1), rows.getShort(2));
            }
            ResultSet row = source.executeQuery();
            row.next();
            return row.getShort(1);
        }
    }

    private void run() throws Exception {
        consumer.subscribe(List.of(TOPIC));
        try {
            while (true) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    apply(message);
                    commitOffset(message);
                }
            }
        } catch (WakeupException stopped) {
            consumer.commitSync(applied);
        }
    }

    private void commitOffset(ConsumerRecord<byte[], byte[]> message) {
        var partition = new TopicPartition(message.topic(), message.partition());
        var next = new OffsetAndMetadata(message.offset() + 1);
        applied.put(partition, next);
        if (waitsForOffsets) {
            consumer.commitSync(Map.of(partition, next));
        } else {
            consumer.commitAsync(Map.of(partition, next), null);
        }
    }

    private void apply(ConsumerRecord<byte[], byte[]> message) throws Exception {
        Envelope envelope = Envelope.of(message);
        if (claim(envelope, message.value())) {
            place(envelope, codec.decode(message.value()));
        }
        db.commit();
        lastCommit = System.nanoTime();
        firstCommit = count++ == 0 ? lastCommit : firstCommit;
    }

    /** False: the event was seen before. */
    private boolean claim(Envelope envelope, byte[] value) throws Exception {
        claim.setString(1, envelope.source());
        claim.setString(2, envelope.id());
        claim.setBytes(3, MessageDigest.getInstance("SHA-256").digest(value));
        return claim.executeUpdate() == 1;
    }

    private void place(Envelope envelope, GenericRecord placed) throws Exception {
        require("AUTO".equals(text(placed, "confirmation")), placed, "is not confirmed at once");
        checkParties(placed);
        List<Line> lines = readLines(placed);
        List<Taken> taken = takeLots(lines);
        int id = insertOrder(envelope, placed);
        reserve(id, taken, insertItems(id, lines));
        announce(envelope, placed, List.of(
                new Fact(ORDER_FACTS, ACCEPTED, OUTCOME_ACCEPTED, accepted(placed, lines)),
                new Fact(STOCK_FACTS, RESERVED, null, reserved(placed, taken)),
                new Fact(ORDER_FACTS, CONFIRMED, null, confirmed(placed, lines))));
    }

    private static void require(boolean condition, GenericRecord placed, String what) {
        if (!condition) {
            throw new IllegalStateException("order " + placed.get("order_number") + ": " + what);
        }
    }

    private void checkParties(GenericRecord placed) throws SQLException {
        int found = 0;
        parties.setString(1, text(placed, "company_id"));
        parties.setString(2, text(placed, "customer_id"));
        for (ResultSet rows = parties.executeQuery(); rows.next(); ++found) {
            require(rows.getBoolean("active") && !"viewer".equals(rows.getString("role")), placed,
                    "may not be placed by this company or customer");
        }
        require(found == 2, placed, "company or customer is unknown");
    }

    /** The lines with their products, one for each SKU. */
    private List<Line> readLines(GenericRecord placed) throws SQLException {
        Map<String, Integer> quantities = new LinkedHashMap<>();
        Map<String, BigDecimal> prices = new HashMap<>();
        BigDecimal sum = BigDecimal.ZERO;
        for (Object element : (Collection<?>) placed.get("lines")) {
            GenericRecord line = (GenericRecord) element;
            quantities.merge(text(line, "sku"), (Integer) line.get("quantity"), Integer::sum);
            prices.put(text(line, "sku"), (BigDecimal) line.get("unit_price"));
        }
        Map<String, Product> known = readProducts(quantities.keySet());
        List<Line> lines = new ArrayList<>();
        for (var wanted : quantities.entrySet()) {
            Product product = known.get(wanted.getKey());
            BigDecimal price = prices.get(wanted.getKey());
            require(product != null && product.active() && product.company().equals(text(placed, "company_id"))
                    && product.currency().equals(text(placed, "currency")) && product.price().compareTo(price) == 0
                    && wanted.getValue() > 0, placed, "a line is wrong");
            lines.add(new Line(product, wanted.getValue(), price,
                    price.multiply(BigDecimal.valueOf(wanted.getValue()))));
            sum = sum.add(lines.get(lines.size() - 1).total());
        }
        require(!lines.isEmpty() && sum.compareTo((BigDecimal) placed.get("total_amount")) == 0, placed,
                "the total is wrong");
        return lines;
    }

    private Map<String, Product> readProducts(Collection<String> skus) throws SQLException {
        Map<String, Product> known = new HashMap<>();
        products.setArray(1, db.createArrayOf("text", skus.toArray()));
        for (ResultSet r = products.executeQuery(); r.next();) {
            known.put(r.getString(2), new Product(r.getInt(1), r.getString(2), r.getString(3), r.getBoolean(4),
                    r.getBigDecimal(5), r.getString(6), r.getString(7), r.getBigDecimal(8), r.getLong(9),
                    r.getString(10), r.getString(11), r.getString(12)));
        }
        return known;
    }

    /** First expired, first out. The lots stay locked until the commit, in the order of their ids. */
    private List<Taken> takeLots(List<Line> lines) throws SQLException {
        List<Lot> found = new ArrayList<>();
        lots.setArray(1, db.createArrayOf("int4", lines.stream().map(line -> line.product().id()).toArray()));
        for (ResultSet r = lots.executeQuery(); r.next();) {
            OffsetDateTime expiry = r.getObject(6, OffsetDateTime.class);
            found.add(new Lot(r.getInt(1), r.getInt(2), r.getInt(3), r.getString(4), r.getString(5),
                    expiry == null ? null : expiry.toInstant()));
        }
        found.sort(Comparator.comparing(Lot::expiry, Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparing(Lot::id));
        List<Taken> taken = new ArrayList<>();
        for (Line line : lines) {
            int missing = line.quantity();
            for (Lot lot : found) {
                int quantity = lot.product() == line.product().id() ? Math.min(missing, lot.available()) : 0;
                if (quantity > 0) {
                    taken.add(new Taken(line, lot, quantity));
                    missing -= quantity;
                }
            }
            if (missing > 0) {
                throw new IllegalStateException("out of stock: " + line.product().sku());
            }
        }
        return taken;
    }

    private int insertOrder(Envelope envelope, GenericRecord placed) throws SQLException {
        order.setString(1, text(placed, "order_number"));
        order.setBigDecimal(2, (BigDecimal) placed.get("total_amount"));
        order.setString(3, text(placed, "currency"));
        order.setString(4, text(placed, "customer_id"));
        order.setString(5, text(placed, "company_id"));
        ResultSet row = order.executeQuery();
        row.next();
        int id = row.getInt(1);
        extras.setInt(1, id);
        extras.setString(2, origin(placed));
        extras.setString(3, text(placed, "destination_country"));
        extras.setObject(4, ((Instant) placed.get("placed_at")).atOffset(ZoneOffset.UTC));
        extras.setString(5, envelope.id());
        extras.setString(6, text(placed, "confirmation"));
        extras.setInt(7, (Integer) placed.get("reservation_ttl_s"));
        extras.setBoolean(8, (Boolean) placed.get("backorder"));
        extras.setString(9, text(placed, "preferred_location"));
        extras.executeUpdate();
        return id;
    }

    /** The id of each line. */
    private Map<Line, Integer> insertItems(int order, List<Line> lines) throws SQLException {
        for (Line line : lines) {
            item.setInt(1, order);
            item.setInt(2, line.product().id());
            item.setInt(3, line.quantity());
            item.setBigDecimal(4, line.price());
            item.setBigDecimal(5, line.total());
            item.addBatch();
        }
        item.executeBatch();
        Map<Line, Integer> ids = new HashMap<>();
        ResultSet keys = item.getGeneratedKeys();
        for (Line line : lines) {
            keys.next();
            ids.put(line, keys.getInt(1));
        }
        return ids;
    }

    private void reserve(int order, List<Taken> taken, Map<Line, Integer> items) throws SQLException {
        for (Taken each : taken) {
            reserve.setInt(1, order);
            reserve.setInt(2, items.get(each.line()));
            reserve.setInt(3, each.line().product().id());
            reserve.setInt(4, each.lot().id());
            reserve.setInt(5, each.quantity());
            reserve.addBatch();
            take.setInt(1, each.quantity());
            take.setInt(2, each.lot().id());
            take.addBatch();
        }
        reserve.executeBatch();
        take.executeBatch();
    }

    private void announce(Envelope envelope, GenericRecord placed, List<Fact> facts) throws Exception {
        for (Fact fact : facts) {
            announce.setObject(1, timeOrdered());
            announce.setInt(2, codec.ids.get(fact.type()));
            announce.setShort(3, sourceId);
            announce.setShort(4, names.get(fact.topic()));
            announce.setShort(5, names.get(fact.type()));
            announce.setObject(6, fact.outcome(), Types.SMALLINT);
            announce.setString(7, text(placed, "company_id"));
            announce.setString(8, text(placed, "order_number"));
            announce.setString(9, envelope.correlation());
            announce.setString(10, envelope.id());
            announce.setString(11, envelope.source());
            announce.setBytes(12, codec.encode(fact));
            announce.addBatch();
        }
        announce.executeBatch();
    }

    /** UUID version 7, so that keys are inserted at one end of an index. */
    private static UUID timeOrdered() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new UUID(System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(0x1000),
                random.nextLong() >>> 2 | Long.MIN_VALUE);
    }

    private static String text(GenericRecord record, String field) {
        Object value = record.get(field);
        return value == null ? null : value.toString();
    }

    private static String origin(GenericRecord placed) {
        return text(placed, placed.get("origin_country") == null ? "destination_country" : "origin_country");
    }

    private GenericData.EnumSymbol symbol(String type, String field, String value) {
        return new GenericData.EnumSymbol(codec.schema(type).getField(field).schema(), value);
    }

    private GenericRecord accepted(GenericRecord placed, List<Line> lines) {
        GenericRecord fact = new GenericData.Record(codec.schema(ACCEPTED));
        for (String name : List.of("order_number", "company_id", "customer_id", "currency", "total_amount",
                "placed_at", "destination_country", "reservation_ttl_s", "backorder", "preferred_location")) {
            fact.put(name, placed.get(name));
        }
        fact.put("status", symbol(ACCEPTED, "status", "pending"));
        fact.put("origin_country", origin(placed));
        fact.put("confirmation", symbol(ACCEPTED, "confirmation", text(placed, "confirmation")));
        Schema schema = codec.lineSchema(ACCEPTED, "lines");
        fact.put("lines", lines.stream().map(line -> (GenericRecord) new GenericRecordBuilder(schema)
                .set("sku", line.product().sku()).set("product_id", line.product().id())
                .set("quantity", line.quantity()).set("unit_price", line.price())
                .set("total_price", line.total()).build()).toList());
        return fact;
    }

    private GenericRecord reserved(GenericRecord placed, List<Taken> taken) {
        GenericRecord fact = new GenericData.Record(codec.schema(RESERVED));
        fact.put("order_number", placed.get("order_number"));
        fact.put("company_id", placed.get("company_id"));
        Schema schema = codec.lineSchema(RESERVED, "lots");
        fact.put("lots", taken.stream().map(each -> (GenericRecord) new GenericRecordBuilder(schema)
                .set("inventory_item_id", each.lot().id()).set("sku", each.line().product().sku())
                .set("product_id", each.line().product().id()).set("location", each.lot().location())
                .set("batch_number", each.lot().batch()).set("expiry_date", each.lot().expiry())
                .set("quantity", each.quantity()).build()).toList());
        return fact;
    }

    private GenericRecord confirmed(GenericRecord placed, List<Line> lines) {
        GenericRecord fact = new GenericData.Record(codec.schema(CONFIRMED));
        for (String name : List.of("order_number", "company_id", "customer_id", "currency", "total_amount",
                "destination_country")) {
            fact.put(name, placed.get(name));
        }
        fact.put("old_status", symbol(CONFIRMED, "old_status", "pending"));
        fact.put("new_status", symbol(CONFIRMED, "new_status", "confirmed"));
        fact.put("origin_country", origin(placed));
        Schema schema = codec.lineSchema(CONFIRMED, "lines");
        fact.put("lines", lines.stream().map(line -> (GenericRecord) new GenericRecordBuilder(schema)
                .set("sku", line.product().sku()).set("product_id", line.product().id())
                .set("quantity", line.quantity()).set("category", line.product().category())
                .set("description", cut(line.product().description())).set("hs_code", line.product().hsCode())
                .set("country_of_origin", line.product().madeIn()).set("unit_weight", line.product().weight())
                .set("unit_volume_cm3", line.product().volume()).set("line_value", line.total())
                .build()).toList());
        return fact;
    }

    private static String cut(String description) {
        return description.codePointCount(0, description.length()) <= DESCRIPTION_MAX ? description
                : description.substring(0, description.offsetByCodePoints(0, DESCRIPTION_MAX));
    }

    /** Messages a second between the first commit and the last one. */
    private void report() throws IOException {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long resident = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:")).mapToLong(line -> Long.parseLong(line.split("\\s+")[1]))
                .findFirst().orElse(0);
        System.out.printf(Locale.ROOT, "{\"count\": %d, \"rate\": %.1f, \"cpu_s\": %.1f, \"resident_mb\": %.1f}%n",
                count, (count - 1) / ((lastCommit - firstCommit) / 1e9), system.getProcessCpuTime() / 1e9,
                resident / 1024.0);
    }

    @Override
    public void close() throws SQLException {
        consumer.close();
        db.close();
    }

    public static void main(String[] arguments) throws Exception {
        try (OrderWorker worker = new OrderWorker(arguments[0], arguments[1], Path.of(arguments[2]), arguments[3],
                arguments[4].equals("sync"))) {
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                worker.consumer.wakeup();
                try {
                    main.join(10_000);
                } catch (InterruptedException ignored) {
                    Thread.currentThread().interrupt();
                }
            }));
            worker.run();
            worker.report();
        }
    }
}
