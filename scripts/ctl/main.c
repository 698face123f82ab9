/*
 * sidanctl - the operator's tool: counties, health, queues, and what lies aside.
 */
#include "scripts/ctl/ctl.h"

static const struct command commands[] = {
    {"county apply", "DIR", 1, 1, OPTION_ID | OPTION_CALENDAR | OPTION_REPLACE,
     "check a county's files and store them, all or none", county_apply},
    {"county check", "DIR", 1, 1, OPTION_ID | OPTION_CALENDAR, "only check them; needs no Redis", county_check},
    {"county export", "COUNTY DIR", 2, 2, 0, "write its files as they are stored into a directory", county_export},
    {"county list", "", 0, 0, OPTION_JSON, "counties in use", county_list},
    {"county show", "COUNTY", 1, 1, OPTION_JSON, "one county in figures", county_show},
    {"county rekey", "COUNTY", 1, 1, 0, "seal its data with a new key from now on", county_rekey},
    {"county rewrap", "", 0, 0, 0, "wrap all counties' keys with the current master key", county_rewrap},
    {"status", "", 0, 0, OPTION_JSON, "instances, and each county's queues", status},
    {"dlq list", "[COUNTY]", 0, 1, OPTION_JSON, "messages that lie aside", dlq_list},
    {"dlq show", "COUNTY ENTRY", 2, 2, OPTION_JSON, "one of them, with its body", dlq_show},
    {"dlq replay", "COUNTY ENTRY|all", 2, 2, 0, "send it again", dlq_replay},
    {"dlq skip", "COUNTY ENTRY", 2, 2, OPTION_REASON, "go on without it; it is kept", dlq_skip},
    {"order show", "ORDER", 1, 1, OPTION_JSON, "an order as a story, as it stands, and all that happened", order_show},
    {"deadline explain", "ORDER", 1, 1, OPTION_JSON, "how its deadline came about, and when its ladder sounds",
     deadline_explain},
    {"sms unknown", "[COUNTY]", 0, 1, OPTION_JSON, "SMS whose fate is not known", sms_unknown},
    {"sms settle", "COUNTY SMS delivered|failed", 3, 3, OPTION_REASON, "decide about one of them", sms_settle},
    {"sms gateways", "", 0, 0, OPTION_JSON, "the ways by which SMS leave, and which of them rest", sms_gateways},
    {"sms test", "COUNTY TO", 2, 2, 0,
     "send one SMS, mail or line to a chat, and say what came of it; TO: a phone, a mail address, a robot", sms_test},
    {"sms preview", "COUNTY", 1, 1, OPTION_JSON, "what each SMS of a county says, and how long it is", sms_preview},
    {"journal verify", "[COUNTY]", 0, 1, OPTION_JSON, "whether the archive still says what was stored", journal_verify},
    {"journal rebuild", "COUNTY", 1, 1, 0, "make lists, cases and search anew out of the journal", journal_rebuild},
    {"journal accept", "COUNTY", 1, 1, OPTION_REASON, "go on with a file that lacks rows, or without it",
     journal_accept},
    {"audit", "COUNTY [ORDER]", 1, 2, OPTION_JSON, "who saw what is personal, came in, was refused", audit_show},
    {"spool", "FILE ...", 1, SIZE_MAX, OPTION_JSON, "SMS that notification wrote to files", spool},
    {"key new", "\"SCOPE ...\" NAME", 2, 2, 0, "a fresh key, and its line for keys.csv", key_new},
    {"keys init", "DIR", 1, 1, 0, "make the keys of the services that are missing; needs no Redis", keys_init},
    {"keys list", "DIR", 1, 1, OPTION_JSON, "the keys that are allowed, and which of them are in use", keys_list},
    {"keys rotate", "DIR NAME", 2, 2, 0, "a new key for a service or sidanctl; the old one stays allowed", keys_rotate},
    {"keys prune", "DIR NAME", 2, 2, 0, "allow its current key only", keys_prune},
    {"keys master", "DIR", 1, 1, 0, "a new master key for data at rest; then: county rewrap", keys_master},
    {"schema", "", 0, 0, 0, "all messages and fields, as Markdown", schema},
};

int main(int argc, char **argv)
{
    return ctl_main(argc, argv, commands, sizeof commands / sizeof *commands);
}
