/*
 * call.c - asks a service; what sidanctl may ask says the schema.
 *
 * One socket for one question. When nobody answers in time it is not known
 * whether a change was made; what sidanctl calls may be called again.
 */
#include "scripts/ctl/ctl.h"

#include "common/alloc.h"
#include "common/keys.h"
#include "common/registry.h"
#include "common/text.h"
#include "common/wire.h"

#include <czmq.h>

enum { CALL_MS = 5000 };

/* An instance of the service whose key is allowed. False after saying why there is none. */
static bool find_instance(struct ctl *ctl, const struct keys *keys, int service, struct entry *ret_entry)
{
    AUTOFREE struct registry *registry = xcalloc(1, sizeof *registry);
    if (registry_refresh(ctl->store, 0, NULL, service, registry) < 0) {
        fail("Redis: %s", store_error(ctl->store));
        return false;
    }
    size_t index = registry_index(service), count = registry->counts[index];
    for (size_t i = 0; i < count; i++) {
        *ret_entry = registry->entries[index][i];
        if (keys_are_of(keys, service_name(service), ret_entry->key))
            return true;
    }
    fail(count == 0 ? "no instance of %s is alive" : "no instance of %s has a key that is allowed",
         service_name(service));
    return false;
}

static zframe_t *question(int service, const char *county, const char *order, enum message_type type,
                          const struct record *body)
{
    struct envelope envelope = {
        .kind = ENVELOPE_CALL, .source = SIDANCTL, .destination = service, .sequence = 1, .at = now_ms() + CALL_MS};
    snprintf(envelope.county, sizeof envelope.county, "%s", county);
    snprintf(envelope.order, sizeof envelope.order, "%s", order);
    msgpack_sbuffer message;
    msgpack_sbuffer_init(&message);
    wire_pack_envelope(&message, &envelope);
    wire_pack(&message, type, body);
    zframe_t *frame = zframe_new(message.data, message.size);
    msgpack_sbuffer_destroy(&message);
    return frame;
}

/* Sends it and waits; NULL when no answer came. The caller destroys the answer. */
static zframe_t *exchange(const struct entry *instance, const struct keys *keys, zframe_t *message)
{
    zsock_t *socket = zsock_new(ZMQ_DEALER);
    zframe_t *answer = NULL;
    zsock_set_curve_serverkey(socket, instance->key);
    zsock_set_curve_publickey(socket, keys_own_public(keys));
    zsock_set_curve_secretkey(socket, keys_own_secret(keys));
    if (zsock_connect(socket, "%s", instance->endpoint) == 0) {
        zsock_set_rcvtimeo(socket, CALL_MS);
        zsock_set_linger(socket, 0);
        if (zframe_send(&message, socket, 0) == 0)
            answer = zframe_recv(socket);
    }
    zframe_destroy(&message);
    zsock_destroy(&socket);
    return answer;
}

static int read_answer(const char *service, zframe_t *answer, struct record *ret_reply)
{
    const char *data = (const char *)zframe_data(answer);
    size_t size = zframe_size(answer), body;
    struct envelope envelope;
    enum message_type type;
    struct fault fault = {0};
    if (wire_unpack_envelope(data, size, &envelope, &body) < 0)
        return fail("the answer of %s cannot be read", service);
    if (envelope.status == STATUS_STALE)
        return fail("%s says that this is settled already", service);
    if (envelope.status != STATUS_OK && envelope.status != STATUS_REFUSED)
        return fail("%s cannot do it now", service);
    if (wire_unpack(data + body, size - body, &type, ret_reply, &fault) < 0)
        return fail("the answer of %s cannot be read: %s", service, fault.detail);
    if (envelope.status == STATUS_REFUSED)
        return fail("%s refuses: %s", service, record_str(ret_reply, F_DETAIL));
    return DONE;
}

int call(struct ctl *ctl, int service, const char *county, const char *order, enum message_type type,
         const struct record *body, struct record *ret_reply)
{
    struct keys *keys;
    char *fault;
    if (!ctl->keys)
        return misused("services answer to those with a key only: give the directory by --keys or SIDAN_KEYS");
    if (keys_new(ctl->keys, KEYS_SIDANCTL, &keys, &fault) < 0) {
        fail("%s", fault);
        free(fault);
        return FAILED;
    }
    struct entry instance;
    int code = FAILED;
    if (find_instance(ctl, keys, service, &instance)) {
        zframe_t *answer = exchange(&instance, keys, question(service, county, order, type, body));
        code = answer ? read_answer(service_name(service), answer, ret_reply)
                      : fail("%s does not answer", service_name(service));
        zframe_destroy(&answer);
    }
    keys_destroy(&keys);
    return code;
}
