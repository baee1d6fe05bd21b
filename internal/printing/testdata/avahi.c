/* Stands in for libavahi-client, so that ippeveprinter runs where there is neither
 * D-Bus nor Avahi. Loaded in front of it: gcc -shared -fPIC avahi.c. */
#include <stdlib.h>
#include <string.h>

static int it;

void *avahi_threaded_poll_new(void) { return &it; }
void *avahi_threaded_poll_get(void *p) { return p; }
int avahi_threaded_poll_start(void *p) { (void)p; return 0; }
void avahi_threaded_poll_lock(void *p) { (void)p; }
void avahi_threaded_poll_unlock(void *p) { (void)p; }
void *avahi_client_new(void *poll, int flags, void *callback, void *user, int *error) {
	(void)poll; (void)flags; (void)callback; (void)user;
	if (error)
		*error = 0;
	return &it;
}
int avahi_client_errno(void *c) { (void)c; return 0; }
const char *avahi_client_get_host_name_fqdn(void *c) { (void)c; return "localhost"; }
void *avahi_entry_group_new(void *c, void *callback, void *user) { (void)c; (void)callback; (void)user; return &it; }
int avahi_entry_group_add_service_strlst(void *g, ...) { (void)g; return 0; }
int avahi_entry_group_add_service_subtype(void *g, ...) { (void)g; return 0; }
int avahi_entry_group_commit(void *g) { (void)g; return 0; }
int avahi_entry_group_free(void *g) { (void)g; return 0; }
void *avahi_string_list_add_printf(void *l, const char *format, ...) { (void)l; (void)format; return &it; }
void avahi_string_list_free(void *l) { (void)l; }
