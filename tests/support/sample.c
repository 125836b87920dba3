/* sample: prints the sample configuration, made from the tables of all programs' settings. Tests
 * compare the committed one with it, so that no default is told that is not so. */

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"
#include "flow/settings.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

int main(void)
{
        _cleanup_buffer_ struct ev_buffer text = EV_BUFFER_INIT(TEXT_BYTES_MAX);
        _cleanup_(ev_config_free_p) struct ev_config *config = NULL;
        int r = ev_config_new(&config, ev_program_options, EV_PROGRAM_OPTIONS);

        if (r == 0)
                r = ev_config_write_sample(config, &text);
        if (r < 0) {
                fprintf(stderr, "sample: %s\n", ev_error_last()->text);
                return EXIT_FAILURE;
        }
        fwrite(text.data, 1, text.size, stdout);
        return EXIT_SUCCESS;
}
