/* The program: everything it does is in the tables of customer.c. It stands apart from them so that
 * tests can link them. */

#include "customer.h"

int main(int argc, char **argv)
{
        return ev_worker_main(&customer_worker, argc, argv);
}
