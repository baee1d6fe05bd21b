/* Stands in for libpam, so that cupsd can ask for the password of a user whom this machine
 * does not have: station, s3cret. Loaded in front of it: gcc -shared -fPIC pam.c. */
#include <stdlib.h>
#include <string.h>

enum { PAM_SUCCESS = 0, PAM_PROMPT_ECHO_OFF = 1, PAM_AUTH_ERR = 7 };

typedef struct pam_handle pam_handle_t;
struct pam_message { int style; const char *text; };
struct pam_response { char *resp; int code; };
struct pam_conv {
	int (*conv)(int count, const struct pam_message **messages, struct pam_response **responses, void *data);
	void *data;
};

static struct conversation {
	char user[64];
	const struct pam_conv *conv;
} now;

int pam_start(const char *service, const char *user, const struct pam_conv *conv, pam_handle_t **handle) {
	(void)service;
	strncpy(now.user, user, sizeof now.user - 1);
	now.conv = conv;
	*handle = (pam_handle_t *)&now;
	return PAM_SUCCESS;
}

int pam_authenticate(pam_handle_t *handle, int flags) {
	struct pam_message message = { PAM_PROMPT_ECHO_OFF, "Password: " };
	const struct pam_message *messages = &message;
	struct pam_response *response = NULL;
	(void)handle;
	(void)flags;
	if (now.conv->conv(1, &messages, &response, now.conv->data) != PAM_SUCCESS || !response)
		return PAM_AUTH_ERR;
	int right = !strcmp(now.user, "station") && response->resp && !strcmp(response->resp, "s3cret");
	free(response->resp);
	free(response);
	return right ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_set_item(pam_handle_t *handle, int item, const void *value) { (void)handle; (void)item; (void)value; return PAM_SUCCESS; }
int pam_setcred(pam_handle_t *handle, int flags) { (void)handle; (void)flags; return PAM_SUCCESS; }
int pam_acct_mgmt(pam_handle_t *handle, int flags) { (void)handle; (void)flags; return PAM_SUCCESS; }
int pam_end(pam_handle_t *handle, int status) { (void)handle; (void)status; return PAM_SUCCESS; }
const char *pam_strerror(pam_handle_t *handle, int status) { (void)handle; (void)status; return "refused"; }
