/*
 * directory.c - what a county consists of, for everybody: its places, the kinds of matters it knows, its groups,
 * members, departments and committees by name, and why orders may be returned. No phone, and nobody of the staff.
 *
 * Members are known to the public by their office, as are their names on the wall of each station.
 */
#include "services/intake/ask.h"

#include "common/county.h"

/* What a look counts of an address's allowance: pages ask once. */
enum { DIRECTORY_COST = 2 };

static json_t *named(const char *id, const char *name)
{
    return json_pack("{s:s, s:s}", "id", id, "name", name);
}

static json_t *towns_of(const struct county *county)
{
    json_t *towns = json_array();
    for (size_t i = 0; i < county->town_count; i++) {
        const struct town *town = &county->towns[i];
        json_t *row = named(town->id, town->name), *communities = json_array();
        for (size_t k = 0; k < county->community_count; k++)
            if (county->communities[k].town == town)
                json_array_append_new(communities, named(county->communities[k].id, county->communities[k].name));
        json_object_set_new(row, "communities", communities);
        json_array_append_new(towns, row);
    }
    return towns;
}

static json_t *categories_of(const struct county *county)
{
    json_t *categories = json_array();
    for (size_t i = 0; i < county->category_count; i++)
        json_array_append_new(categories, named(county->categories[i].code, county->categories[i].name));
    return categories;
}

static json_t *groups_of(const struct county *county)
{
    json_t *groups = json_array();
    for (size_t i = 0; i < county->group_count; i++)
        json_array_append_new(groups, named(county->groups[i].id, county->groups[i].name));
    return groups;
}

static json_t *members_of(const struct county *county)
{
    json_t *members = json_array();
    for (size_t i = 0; i < county->member_count; i++) {
        json_t *row = named(county->members[i].id, county->members[i].name);
        json_object_set_new(row, "group", json_string(county->members[i].group));
        json_array_append_new(members, row);
    }
    return members;
}

static json_t *offices_of(const struct office *offices, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, named(offices[i].id, offices[i].name));
    return list;
}

/* Why an order may be returned, and where its resident turns to then. */
static json_t *reasons_of(const struct county *county)
{
    json_t *reasons = json_array();
    for (size_t i = 0; i < county->reason_count; i++) {
        json_t *row = named(county->reasons[i].code, county->reasons[i].name);
        json_object_set_new(row, "return_to", json_string(county->reasons[i].return_to));
        json_array_append_new(reasons, row);
    }
    return reasons;
}

static json_t *directory_of(const struct county *county)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "county", county->id, "name",
                     county->name, "contact", county->contact, "public_url", county->public_url, "towns",
                     towns_of(county), "categories", categories_of(county), "groups", groups_of(county), "members",
                     members_of(county), "departments", offices_of(county->departments, county->department_count),
                     "committees", offices_of(county->committees, county->committee_count), "reasons",
                     reasons_of(county));
}

static void get_county(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    const struct county *county = service_county(intake->service, http_segment(request, "county"));
    int64_t wait = access_charge(intake, request, access_request_key(request), DIRECTORY_COST);
    if (wait > 0)
        intake_answer_wait(request, wait);
    else if (!county)
        intake_answer_error(request, 404, "unknown", "county", "no county has this code");
    else
        intake_answer_json(request, 200, directory_of(county));
}

/* Which counties there are: who opens the pages without a QR code chooses among them. */
static void get_counties(void *arg, struct http_request *request)
{
    struct intake *intake = arg;
    int64_t wait = access_charge(intake, request, access_request_key(request), DIRECTORY_COST);
    if (wait > 0) {
        intake_answer_wait(request, wait);
        return;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < service_county_count(intake->service); i++) {
        const struct county *county = service_county_at(intake->service, i);
        json_array_append_new(rows, json_pack("{s:s, s:s}", "county", county->id, "name", county->name));
    }
    intake_answer_json(request, 200, json_pack("{s:I, s:o}", "total", (json_int_t)json_array_size(rows), "rows", rows));
}

const struct http_route directory_routes[] = {
    {GET, .path = "/api/v1/counties", .handle = get_counties, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "The counties that are served here", .chinese = "有哪些县", .answer = "Counties")},
    {GET, .path = "/api/v1/counties/{county}", .handle = get_county, .permission = PERMIT_ANYBODY,
     ABOUT(.summary = "What a county consists of: places, categories, groups, members, by name",
           .chinese = "县里的地方、类别、委员组和委员", .answer = "County")},
};
const size_t directory_route_count = sizeof directory_routes / sizeof *directory_routes;
