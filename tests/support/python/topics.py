"""What is on Kafka's topics, read to their ends; and where a key belongs."""

import time

READ_SECONDS = 60


def bounds(consumer, partition):
    """Begin and end. What a client has just heard of has no leader for it yet."""
    from confluent_kafka import KafkaException  # pylint: disable=import-outside-toplevel
    deadline = time.monotonic() + READ_SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(partition, READ_SECONDS)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def records(brokers, topics, on_partition=None):
    """Every record of the topics up to the ends that they have now, each partition in order. Tells
    on_partition (topic, partition, begin, end) of each partition before its records."""
    # Only here: without topics to read, no client is needed.
    from confluent_kafka import Consumer, TopicPartition  # pylint: disable=import-outside-toplevel
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test-reader", "enable.auto.commit": False,
                         "enable.partition.eof": False, "log_level": 2})
    try:
        for topic in topics:
            ends, starts = {}, []
            known = consumer.list_topics(topic, READ_SECONDS).topics[topic]
            if known.error:
                raise RuntimeError(f"{topic}: {known.error}")
            for partition in sorted(known.partitions):
                low, high = bounds(consumer, TopicPartition(topic, partition))
                if on_partition:
                    on_partition(topic, partition, low, high)
                if low < high:
                    ends[partition] = high
                    starts.append(TopicPartition(topic, partition, low))
            consumer.assign(starts)
            while ends:
                message = consumer.poll(READ_SECONDS)
                if message is None or message.error():
                    raise RuntimeError(f"{topic}: {message.error() if message else 'no answer'}")
                end = ends.get(message.partition())
                if end is None or message.offset() >= end:
                    continue
                yield message
                if message.offset() + 1 == end:
                    del ends[message.partition()]
    finally:
        consumer.close()


def murmur2(key):
    """Kafka's murmur2 once more, written from its Java source."""
    length, m = len(key), 0x5BD1E995
    h = (0x9747B28C ^ length) & 0xFFFFFFFF
    for i in range(0, length // 4 * 4, 4):
        k = int.from_bytes(key[i:i + 4], "little") * m & 0xFFFFFFFF
        k = (k ^ k >> 24) * m & 0xFFFFFFFF
        h = (h * m & 0xFFFFFFFF) ^ k
    rest = key[length // 4 * 4:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & 0xFFFFFFFF
    h = (h ^ h >> 13) * m & 0xFFFFFFFF
    return h ^ h >> 15


def partition_of(key, partitions):
    """Where murmur2_random and Java's default put a key."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
