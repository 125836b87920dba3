/* The program: everything it does is in the tables of shipping.c. It stands apart from them so that
 * tests can link them. */

#include "shipping/shipping.h"

int main(int argc, char **argv)
{
        return ev_worker_main(&shipping_worker, argc, argv);
}
