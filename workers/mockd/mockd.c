/* mockd TOPIC:PARTITIONS...: a Kafka broker in memory, for a demo on a machine without Java.
 *
 * It is the cluster that librdkafka brings along for its own tests: clients produce, consume and
 * form groups as with a broker. It proves nothing about durability: 5 MiB a partition are kept, in
 * memory, administration is not answered, and all is gone when the process ends. Whatever holds
 * positions of it (the databases) must therefore be thrown away with it.
 *
 * It prints BROKERS=HOST:PORT as soon as clients can connect and the topics are there, and ends by
 * SIGTERM or SIGINT. */

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        BROKERS = 1,          /* nobody fails over in a demo */
        PARTITIONS_MAX = 100, /* of one topic; more is taken for a mistake */
        TOPIC_MAX = 249,      /* bytes of a topic's name, Kafka's own bound */
        DECIMAL = 10,
        REASON_MAX = 512,
        EXIT_USAGE = 2,
};

static int usage(void)
{
        fputs("usage: mockd TOPIC:PARTITIONS...\n\n"
              "A Kafka broker in memory on a free port of 127.0.0.1, with these topics. Prints\n"
              "BROKERS=HOST:PORT when it can be used; SIGTERM ends it, and nothing of it is "
              "kept.\n",
              stderr);
        return EXIT_USAGE;
}

/* Splits NAME:PARTITIONS in place. False when it is no such thing. */
static bool parse_topic(char *word, int *ret_partitions)
{
        char *colon = strrchr(word, ':'), *end = NULL;
        long partitions;

        assert(ret_partitions);

        if (!colon || colon == word || colon - word > TOPIC_MAX)
                return false;
        partitions = strtol(colon + 1, &end, DECIMAL);
        if (end == colon + 1 || *end || partitions < 1 || partitions > PARTITIONS_MAX)
                return false;
        *colon = '\0';
        *ret_partitions = (int)partitions;
        return true;
}

/* Topics are made before the address is told: a client that asks for one which is not there yet
 * would make it with the cluster's own number of partitions, and keys would lie elsewhere. */
static int make_topics(rd_kafka_mock_cluster_t *cluster, int count, char **words)
{
        assert(cluster && count > 0);

        for (int i = 0; i < count; ++i) {
                rd_kafka_resp_err_t code;
                int partitions;

                if (!parse_topic(words[i], &partitions)) {
                        fprintf(stderr, "mockd: \"%s\" is not TOPIC:PARTITIONS, 1 to %d\n",
                                words[i], PARTITIONS_MAX);
                        return usage();
                }
                code = rd_kafka_mock_topic_create(cluster, words[i], partitions, BROKERS);
                if (code) {
                        fprintf(stderr, "mockd: topic %s: %s\n", words[i], rd_kafka_err2str(code));
                        return EXIT_FAILURE;
                }
        }
        return EXIT_SUCCESS;
}

/* Serves until a signal comes: librdkafka's threads do the work, this one only waits. */
static int serve(rd_kafka_mock_cluster_t *cluster, const sigset_t *ends)
{
        int number;

        assert(cluster && ends);

        if (printf("BROKERS=%s\n", rd_kafka_mock_cluster_bootstraps(cluster)) < 0 ||
            fflush(stdout)) {
                perror("mockd: standard output");
                return EXIT_FAILURE;
        }
        return sigwait(ends, &number) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The cluster needs a client to belong to; that one connects nowhere, and need not say so. */
static rd_kafka_t *make_client(void)
{
        rd_kafka_conf_t *conf = rd_kafka_conf_new();
        char reason[REASON_MAX] = "";
        rd_kafka_t *client;

        assert(conf);

        rd_kafka_conf_set_log_cb(conf, NULL);
        client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
        if (client)
                return client;
        fprintf(stderr, "mockd: %s\n", reason);
        rd_kafka_conf_destroy(conf);
        return NULL;
}

static int run(int count, char **words, const sigset_t *ends)
{
        rd_kafka_t *client = make_client();
        rd_kafka_mock_cluster_t *cluster;
        int r;

        assert(count > 0 && words);

        if (!client)
                return EXIT_FAILURE;
        cluster = rd_kafka_mock_cluster_new(client, BROKERS);
        if (!cluster) {
                fputs("mockd: no port of 127.0.0.1 is free\n", stderr);
                rd_kafka_destroy(client);
                return EXIT_FAILURE;
        }
        r = make_topics(cluster, count, words);
        if (r == EXIT_SUCCESS)
                r = serve(cluster, ends);
        /* In this order: the cluster's thread uses the client. */
        rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(client);
        return r;
}

/* Signals are blocked before the first thread is made, so that all of them inherit it and sigwait()
 * is the one place where a signal arrives. */
int main(int argc, char **argv)
{
        sigset_t ends;

        assert(argc >= 0 && argv);

        if (argc < 2 || argv[1][0] == '-')
                return usage();
        sigemptyset(&ends);
        sigaddset(&ends, SIGTERM);
        sigaddset(&ends, SIGINT);
        if (pthread_sigmask(SIG_BLOCK, &ends, NULL)) {
                fputs("mockd: signals cannot be blocked\n", stderr);
                return EXIT_FAILURE;
        }
        return run(argc - 1, argv + 1, &ends);
}
