/*
 * permission.h - the names of what somebody can be allowed to do.
 *
 * Who is granted what is decided in intake alone (services/intake/roles.c). The names are here because a county's
 * keys.csv and sidanctl know them, too: the scope of an API key is a permission, or one of the two words below.
 */
#ifndef SIDAN_PERMISSION_H
#define SIDAN_PERMISSION_H

#define PERMISSIONS(X)                                                                                                 \
    X(ORDER_READ, "order.read")           /* an order and what happened to it */                                       \
    X(ORDER_NOTES, "order.notes")         /* with the notes of those who handle it, and who was told by SMS */         \
    X(ORDER_CONTACT, "order.contact")     /* its resident's name, phone and mail address; every look is recorded */    \
    X(ORDER_SCREEN, "order.screen")       /* accept or return it */                                                    \
    X(ORDER_TRANSFER, "order.transfer")   /* to another county */                                                      \
    X(ORDER_JOINT, "order.joint")         /* ask another county to handle it jointly */                                \
    X(ORDER_MERGE, "order.merge")         /* into another, and out of it again */                                      \
    X(ORDER_ASK, "order.ask")             /* its resident something */                                                 \
    X(ORDER_TAKE_BACK, "order.take_back") /* as its resident, before it is answered */                                 \
    X(ORDER_AGAIN, "order.again")         /* as its resident: it was closed, and has come back */                      \
    X(ORDER_REPLY, "order.reply")         /* to such a question */                                                     \
    X(ORDER_CLAIM, "order.claim")         /* take it on */                                                             \
    X(ORDER_CONFIRM, "order.confirm")     /* that one has seen it and is on it */                                      \
    X(ORDER_DECLINE, "order.decline")     /* give it back */                                                           \
    X(ORDER_HANDOVER, "order.handover")   /* hand it over to a department */                                           \
    X(ORDER_ANSWER, "order.answer")                                                                                    \
    X(ORDER_ATTACH, "order.attach")   /* add photos and documents */                                                   \
    X(ORDER_RESPOND, "order.respond") /* as a department, in writing, to those who answer it */                        \
    X(ORDER_RATE, "order.rate")                                                                                        \
    X(ORDER_REASSIGN, "order.reassign") /* give it to other members */                                                 \
    X(ORDER_DECIDE, "order.decide")     /* after it was rated dissatisfied twice */                                    \
    X(ORDER_FLAG, "order.flag")         /* call its rating unreasonable */                                             \
    X(ORDER_DISPATCH, "order.dispatch") /* to another group, with another weight */                                    \
    X(ORDER_OBJECT, "order.object")     /* to having been given it, as a department */                                 \
    X(ORDER_RULE, "order.rule")         /* about such an objection */                                                  \
    X(ORDER_EXTEND, "order.extend")     /* ask for more time */                                                        \
    X(ORDER_EXTEND_DECIDE, "order.extend_decide")                                                                      \
    X(ORDER_CONSULT, "order.consult") /* visit, call a meeting about it, raise a suggestion on it */                   \
    X(MEETINGS_CALL, "meetings.call")                                                                                  \
    X(MEETINGS_LIST, "meetings.list")                                                                                  \
    X(MEETING_READ, "meeting.read")                                                                                    \
    X(MEETING_ANSWER, "meeting.answer") /* an invitation to it; raise a suggestion at it */                            \
    X(MEETING_LEAD, "meeting.lead")     /* invite, move, cancel, sign others in, hold, close */                        \
    X(SUGGESTIONS_RAISE, "suggestions.raise")                                                                          \
    X(SUGGESTIONS_LIST, "suggestions.list")                                                                            \
    X(SUGGESTION_READ, "suggestion.read")                                                                              \
    X(SUGGESTION_COMMENT, "suggestion.comment") /* also say what became of it */                                       \
    X(SUGGESTION_SETTLE, "suggestion.settle")   /* and re-check, and extend */                                         \
    X(ENTRIES_ENTER, "entries.enter")           /* activities, honours, donations, tasks of a sector */                \
    X(ENTRIES_LIST, "entries.list")                                                                                    \
    X(ENTRY_READ, "entry.read")                                                                                        \
    X(ENTRY_WITHDRAW, "entry.withdraw")                                                                                \
    X(CASE_PUBLISH, "case.publish") /* review its public text, publish it, take it back */                             \
    X(ORDERS_LIST, "orders.list")                                                                                      \
    X(ORDERS_FIND, "orders.find")   /* by a phone; every look is recorded */                                           \
    X(ABSENCES, "absences")         /* enter, list and end times in which a member takes no orders */                  \
    X(AUDIT_LIST, "audit.list")     /* who came in, looked at what is personal, was turned away */                     \
    X(FIGURES_READ, "figures.read") /* numbers without names, of the whole county */                                   \
    X(RECORDS_READ, "records.read") /* what members, groups and departments did, and the bulletin */                   \
    X(CASES_SEARCH, "cases.search")                                                                                    \
    X(COUNTY_TABLES, "county.tables") /* read and change its people, places, settings and rules; each is recorded */   \
    X(CLASSES, "classes")             /* declare orders one class of matters, and change such a class */               \
    X(IMPORT, "import")                                                                                                \
    X(OPEN311, "open311") /* write through Open311 */

/* Everything the county's office may do, as one scope; and acting in the name of somebody else ("actor"). */
#define SCOPE_OFFICE "office"
#define SCOPE_DELEGATE "delegate"

#define PERMISSION_WORD(id, name) " " name
#define SCOPES SCOPE_OFFICE " " SCOPE_DELEGATE PERMISSIONS(PERMISSION_WORD)

#endif
