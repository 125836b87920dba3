/* murmur2 against vectors from Kafka's own tests, and the partition against librdkafka's. */

#include "wire/partition.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#include "base/macro.h"
#include "support/unit.h"

UNIT_SUITE(partition);

Test(partition, murmur2_agrees_with_the_vectors_of_kafkas_java_client)
{
        /* Source: Apache Kafka, UtilsTest.testMurmur2(). */
        static const struct {
                struct ev_str key;
                int32_t hash;
        } vectors[] = {
                { EV_STR_INIT("21"), -973932308 },
                { EV_STR_INIT("foobar"), -790332482 },
                { EV_STR_INIT("a-little-bit-long-string"), -985981536 },
                { EV_STR_INIT("a-little-bit-longer-string"), -1486304829 },
                { EV_STR_INIT("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971 },
                { EV_STR_INIT("abc"), 479470107 },
        };

        for (size_t i = 0; i < EV_ARRAY_SIZE(vectors); ++i)
                cr_assert_eq((int32_t)ev_murmur2(vectors[i].key), vectors[i].hash, "%s",
                             vectors[i].key.data);
}

Test(partition, partitions_agree_with_librdkafka_for_any_bytes_and_count)
{
        char bytes[64];

        srand48(7); /* a fixed seed: every run is the same */
        for (int i = 0; i < 100000; ++i) {
                struct ev_str key = { bytes, (size_t)(lrand48() % (long)sizeof(bytes)) };
                int32_t count = (int32_t)(lrand48() % 50) + 1;

                for (size_t j = 0; j < key.size; ++j)
                        bytes[j] = (char)lrand48();
                cr_assert_eq(ev_partition_of(key, count),
                             rd_kafka_msg_partitioner_murmur2(NULL, key.data, key.size, count, NULL,
                                                              NULL));
        }
}

Test(partition, a_null_key_lies_where_the_empty_one_does)
{
        cr_assert_eq(ev_partition_of(EV_STR_NULL, 12), ev_partition_of(EV_STR(""), 12));
        cr_assert_eq(ev_partition_of(EV_STR_NULL, 1), 0);
}
