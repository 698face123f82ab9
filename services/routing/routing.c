/*
 * routing.c - 定单 and 分单: each new order gets its category, place, group and
 * department; where that is not sure enough for the county it waits for the
 * convener, who opens it or returns it with a reason.
 */
#include "services/routing/routing.h"

#include "common/addition.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/merge.h"
#include "common/order.h"
#include "common/question.h"
#include "common/resident.h"
#include "common/text.h"
#include "services/routing/classify.h"

#include <stdio.h>
#include <string.h>

/* The convener of the order's town; where the town is not known, of the first one in the county's table. */
static void convener(const struct county *county, const struct record *changes, char *ret_recipient, size_t size)
{
    snprintf(ret_recipient, size, "convener:%s", county_convener(county, record_str(changes, F_TOWN))->id);
}

static void set_community(struct record *changes, const struct community *community)
{
    record_set(changes, F_COMMUNITY, community->id);
    record_set(changes, F_TOWN, community->town->id);
}

static void set_category(struct record *changes, const struct category *category, bool urgent)
{
    record_set(changes, F_CATEGORY, category->code);
    record_set(changes, F_URGENCY, urgent ? "urgent" : "normal");
    record_set(changes, F_DEPARTMENT, category->department);
}

/* Passes the order on to assignment, to those members if any are named. changes hold category and group. */
static void open_order(const struct context *context, const struct category *category, const char *weight,
                       const char *members, struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    const char *group = record_str(changes, F_GROUP);
    int64_t named = (int64_t)words_count(members);
    record_set(changes, F_STATE, STATE_OPEN);
    record_set(changes, F_WEIGHT, weight);
    record_set_int(changes, F_PLACES, named > 0 ? named : county_places(context->county, category, weight, group));
    record_set_int(changes, F_OPENED_AT, context->now);
    struct record *opened = outcome_send(outcome, MSG_ORDER_OPENED);
    record_copy(opened, changes, F_CATEGORY);
    record_copy(opened, changes, F_GROUP);
    if (named > 0)
        record_set(opened, F_MEMBERS, members);
}

/*
 * Its resident has met with the same (我也遇到了). If the other takes no more orders, this one comes to the convener;
 * and it is like any other where that one has left before it could be asked.
 */
static void join(const struct context *context, const struct record *order, const char *primary,
                 struct outcome *outcome)
{
    RECORD *wish = record_new();
    record_set(wish, F_ACTOR, "resident");
    record_set(wish, F_PRIMARY, primary);
    merge_into(context, order, wish, STATE_PLACED, outcome);
}

void handle_placed(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    if (!record_is(order, F_STATE, STATE_PLACED)) {
        outcome_refuse(outcome, "state", NULL, "an order that is %s has been routed", record_str(order, F_STATE));
        return;
    }
    struct classification matter = classify_matter(context->county, order);
    struct location place = classify_place(context->county, order);
    const char *group = place.group ? place.group->id : matter.category->group;
    double confidence = matter.confidence * (place.group ? place.confidence : *group ? 0.6 : 0);

    struct record *changes = outcome_changes(outcome);
    set_category(changes, matter.category, matter.urgent);
    record_set_real(changes, F_CONFIDENCE, confidence);
    if (place.community)
        set_community(changes, place.community);
    else if (place.town) /* whose convener has to find out the rest */
        record_set(changes, F_TOWN, place.town->id);
    if (*group)
        record_set(changes, F_GROUP, group);
    if (aux_get(context->aux, field_info(F_VER)->name)) { /* of the primary, if it has one */
        join(context, order, record_str(message, F_PRIMARY), outcome);
        return;
    }
    if (confidence >= context->county->threshold && *group && !record_is(order, F_SOURCE, SOURCE_AGAIN)) {
        outcome_step(outcome, "opened", "routing", NULL);
        open_order(context, matter.category, category_weight(matter.category), "", outcome);
    } else {
        char recipient[64];
        convener(context->county, changes, recipient, sizeof recipient);
        record_set(changes, F_STATE, STATE_SCREENING);
        outcome_step(outcome, "screening", "routing", NULL);
        outcome_notify(outcome, "screening", recipient);
    }
    move_clock(context, order, outcome); /* an urgent one has less time */
}

/* The county's list is what its figures go by; words of one's own come beside it. */
static void refuse_unlisted(const struct county *county, struct outcome *outcome)
{
    char codes[300] = "";
    for (size_t i = 0; i < county->reason_count; i++)
        words_append(codes, sizeof codes, county->reasons[i].code);
    outcome_refuse(outcome, "invalid", "reason_code", "reason_code is one of: %s",
                   *codes ? codes : "none, because this county has no list");
}

static void return_order(const struct context *context, const struct record *order, const struct record *message,
                         struct outcome *outcome)
{
    const struct county *county = context->county;
    const struct return_reason *listed = county_reason(county, record_str(message, F_REASON_CODE));
    const char *words = record_str(message, F_REASON);
    if (!listed && (county->reason_count > 0 || record_len(message, F_REASON_CODE) > 0)) {
        refuse_unlisted(county, outcome);
        return;
    }
    if (!listed && !*words) {
        outcome_refuse(outcome, "invalid", "reason", "an order is returned with a reason");
        return;
    }
    struct record *changes = outcome_changes(outcome);
    AUTOFREE char *reason = xasprintf("%s%s%s", listed ? listed->name : "", listed && *words ? "。" : "", words);
    if (text_length(reason, strlen(reason)) > field_info(F_REASON)->max) {
        outcome_refuse(outcome, "long", "reason", "the reason is too long together with that of the list");
        return;
    }
    drop_question(context, order, outcome);
    record_set(changes, F_STATE, STATE_RETURNED);
    record_set(changes, F_REASON, reason);
    record_copy(changes, message, F_REASON_CODE);
    record_copy(changes, message, F_RETURN_TO);
    if (listed && *listed->return_to && record_len(message, F_RETURN_TO) == 0)
        record_set(changes, F_RETURN_TO, listed->return_to);
    record_set_int(changes, F_CLOSED_AT, context->now);
    outcome_step(outcome, "returned", record_str(message, F_ACTOR), NULL);

    stop_clock(context, order, outcome);
    struct record *notice = outcome_notify(outcome, "returned", "resident");
    record_copy(notice, changes, F_REASON);
    record_copy(notice, changes, F_RETURN_TO);
    record_copy(notice, message, F_ACTOR);
}

/* A value that the convener gave must exist in the county's tables. */
static bool refuse_unknown(struct outcome *outcome, const struct record *message, enum field field, const void *found)
{
    if (record_len(message, field) == 0 || found)
        return false;
    const char *name = field_info(field)->name;
    outcome_refuse(outcome, "invalid", name, "%s \"%s\" is not configured in this county", name,
                   record_str(message, field));
    return true;
}

/* Members whom the convener names are there, each once. */
static bool are_members(const struct context *context, const struct record *message, struct outcome *outcome)
{
    char member[40];
    for (const char *rest = record_str(message, F_MEMBERS); words_next(&rest, member, sizeof member);)
        if (!county_member(context->county, member) || words_have(rest, member)) {
            outcome_refuse(outcome, "invalid", "members",
                           "there is no member \"%s\" in this county, or it is named twice", member);
            return false;
        }
    return true;
}

static void accept_order(const struct context *context, const struct record *order, const struct record *message,
                         struct outcome *outcome)
{
    const struct county *county = context->county;
    const struct category *category = county_category(county, record_str(message, F_CATEGORY));
    const struct community *community = county_community(county, record_str(message, F_COMMUNITY));
    const struct member_group *group = county_group(county, record_str(message, F_GROUP));
    const char *weight = record_str(message, F_WEIGHT);
    if (refuse_unknown(outcome, message, F_CATEGORY, category) || !are_members(context, message, outcome) ||
        refuse_unknown(outcome, message, F_COMMUNITY, community) || refuse_unknown(outcome, message, F_GROUP, group) ||
        refuse_unknown(outcome, message, F_DEPARTMENT, county_department(county, record_str(message, F_DEPARTMENT))))
        return;

    struct record *changes = outcome_changes(outcome);
    record_copy(changes, order, F_URGENCY);
    if (!category)
        category = county_category(county, record_str(order, F_CATEGORY));
    else
        set_category(changes, category, strcmp(category->urgency, "urgent") == 0);
    if (community)
        set_community(changes, community);
    if (!group && community)
        group = county_group_of(county, community->id);
    if (!group)
        group = county_group(county, record_str(order, F_GROUP));
    if (!category || !group) {
        outcome_refuse(outcome, "invalid", group ? "category" : "group",
                       "the order cannot be opened without a group and a category that this county has");
        return;
    }
    record_set(changes, F_CATEGORY, category->code);
    record_set(changes, F_GROUP, group->id);
    record_copy(changes, message, F_URGENCY);
    record_copy(changes, message, F_DEPARTMENT);
    outcome_step(outcome, "screened", record_str(message, F_ACTOR), record_str(message, F_REASON));
    drop_question(context, order, outcome);
    open_order(context, category, record_len(message, F_WEIGHT) > 0 ? weight : category_weight(category),
               record_str(message, F_MEMBERS), outcome);
    move_clock(context, order, outcome);
}

void handle_screen(const struct context *context, const struct record *order, const struct record *message,
                   struct outcome *outcome)
{
    const char *urgency = record_str(message, F_URGENCY), *weight = record_str(message, F_WEIGHT);
    if (!record_is(order, F_STATE, STATE_SCREENING))
        outcome_refuse(outcome, "state", NULL, "the order is %s, not waiting for screening",
                       record_str(order, F_STATE));
    else if (*urgency && strcmp(urgency, "normal") != 0 && strcmp(urgency, "urgent") != 0)
        outcome_refuse(outcome, "invalid", "urgency", "urgency is normal or urgent");
    else if (*weight && !is_weight(weight))
        outcome_refuse(outcome, "invalid", "weight", "weight is simple, hard or everybody");
    else if (record_is(message, F_DECISION, "accept"))
        accept_order(context, order, message, outcome);
    else if (record_is(message, F_DECISION, "return"))
        return_order(context, order, message, outcome);
    else
        outcome_refuse(outcome, "invalid", "decision", "decision is accept or return");
}

void handle_merge(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    merge_into(context, order, message, STATE_SCREENING, outcome);
}

void handle_split(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    (void)context;
    split_off(ROUTING, order, message, outcome);
}

void handle_ask(const struct context *context, const struct record *order, const struct record *message,
                struct outcome *outcome)
{
    ask_resident(ROUTING, context, order, message, outcome);
}

void handle_reply(const struct context *context, const struct record *order, const struct record *message,
                  struct outcome *outcome)
{
    take_answer(ROUTING, context, order, message, outcome);
}

/* Of one that waits for the convener they are told; before that they hear of the order with it. */
void handle_add(const struct context *context, const struct record *order, const struct record *message,
                struct outcome *outcome)
{
    char recipient[64] = "";
    if (record_is(order, F_STATE, STATE_SCREENING))
        convener(context->county, order, recipient, sizeof recipient);
    take_addition(ROUTING, recipient, order, message, outcome);
}

/* While it is being routed, which is over in a moment, it cannot be taken back yet. */
void handle_take_back(const struct context *context, const struct record *order, const struct record *message,
                      struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    if (!record_is(order, F_STATE, STATE_SCREENING)) {
        outcome_later(outcome, "the order is being passed to who handles it");
        return;
    }
    outcome_step(outcome, record_is(message, F_VIA, VIA_PART) ? "undone" : "taken_back", record_str(message, F_ACTOR),
                 record_len(message, F_REASON) > 0 ? record_str(message, F_REASON) : NULL);
    drop_question(context, order, outcome);
    stop_clock(context, order, outcome);
    record_set(changes, F_STATE, STATE_WITHDRAWN);
    record_set_int(changes, F_CLOSED_AT, context->now);
}

/* It is placed in the other county already; here it ends. */
void handle_transfer(const struct context *context, const struct record *order, const struct record *message,
                     struct outcome *outcome)
{
    struct record *changes = outcome_changes(outcome);
    if (!record_is(order, F_STATE, STATE_SCREENING)) {
        outcome_refuse(outcome, "state", NULL, "the order is %s: it goes to another county while it is screened",
                       record_str(order, F_STATE));
        return;
    }
    drop_question(context, order, outcome);
    record_set(changes, F_STATE, STATE_RETURNED);
    record_copy(changes, message, F_REASON);
    record_copy(changes, message, F_RETURN_TO);
    record_set_int(changes, F_CLOSED_AT, context->now);
    outcome_step(outcome, "transferred", record_str(message, F_ACTOR), record_str(message, F_SECONDARY));
    stop_clock(context, order, outcome);
    struct record *notice = outcome_notify(outcome, "transferred", "resident");
    record_copy(notice, changes, F_REASON);
    record_copy(notice, changes, F_RETURN_TO);
    record_set(notice, F_NOTE, record_str(message, F_SECONDARY));
}
