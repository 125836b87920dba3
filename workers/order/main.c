/* The program: everything it does is in the tables of order.c. It stands apart from them so that
 * tests can link them. */

#include "order.h"

int main(int argc, char **argv)
{
        return ev_worker_main(&order_worker, argc, argv);
}
