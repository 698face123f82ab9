/*
 * county_parse.c - CSV files into a checked county.
 *
 * Every file is read by the same code, after its table in county_format.c, in
 * an order in which each reference points backwards: so a row is checked as it
 * comes, with its line at hand. What concerns several files is checked at the
 * end. A fault is reported and the reading goes on; a county with faults is
 * thrown away.
 */
#include "common/alloc.h"
#include "common/calendar.h"
#include "common/county_format.h"
#include "common/county_settings.h"
#include "common/csv.h"
#include "common/schema.h"
#include "common/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ROW = 64 * 1024, MAX_FIELD = 1000, DAY_MS = 24 * 60 * 60 * 1000 };
enum { MAX_ROWS = 5000 }; /* each is compared with those before, while nothing else is done */

struct table {
    char *rows; /* in the arena once the file is read */
    int *lines;
    size_t count;
    bool readable; /* the file is there, with the columns it must have */
};

struct parser {
    struct county *county;
    county_fault_fn *fault;
    void *arg;
    int faults; /* but for minor ones */
    bool minor; /* what is found now is one */
    struct table tables[COUNTY_FILE_COUNT];

    /* of the file being read */
    enum county_file file;
    int line;
    bool has_header;
    size_t header_count;
    int positions[MAX_COLUMNS];  /* field number by column, -1: not in the file */
    const struct column *column; /* whose value is being read, and with which its faults begin; else NULL */
};

/* What is wrong, in both languages, of the same arguments; one that a language does not need it takes as %.0s. */
__attribute__((format(printf, 4, 6), format(printf, 5, 6))) static void
report(struct parser *parser, enum county_file file, int line, const char *english, const char *chinese, ...)
{
    char texts[2][1024];
    va_list arguments, again;
    va_start(arguments, chinese);
    va_copy(again, arguments);
    const struct column *column = parser->column;
    int used = snprintf(texts[0], sizeof texts[0], "%s%s", column ? column->name : "", column ? " " : "");
    vsnprintf(texts[0] + used, sizeof texts[0] - (size_t)used, english, arguments);
    used = snprintf(texts[1], sizeof texts[1], "%s", column ? column->chinese : "");
    vsnprintf(texts[1] + used, sizeof texts[1] - (size_t)used, chinese, again);
    va_end(again);
    va_end(arguments);
    parser->fault(parser->arg, &(struct county_fault){.file = county_formats[file].name,
                                                      .line = line,
                                                      .english = texts[0],
                                                      .chinese = texts[1],
                                                      .minor = parser->minor});
    parser->faults += !parser->minor;
}

/* A fault of the row being read. */
#define refuse(parser, ...) report(parser, (parser)->file, (parser)->line, __VA_ARGS__)

static const void *find_row(const struct parser *parser, enum county_file file, const char *id)
{
    const struct table *table = &parser->tables[file];

    for (size_t i = 0; i < table->count; i++) {
        const char *row = table->rows + i * county_formats[file].row_size;
        if (strcmp(*(const char *const *)row, id) == 0)
            return row;
    }
    return NULL;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* A value as a fault may quote it: names and phones in the wrong column stay out. */
static const char *quotable(const char *value)
{
    return is_id(value) && !is_mobile(value) ? value : "...";
}

static void check_reference(struct parser *parser, const struct column *column, const char *id)
{
    if (!parser->tables[column->target].readable || find_row(parser, column->target, id))
        return;
    parser->minor = column->flags & LENIENT;
    refuse(parser, "\"%s\" is not in %s%.0s", "“%s”在 %s（%s）里没有", quotable(id),
           county_formats[column->target].name, county_formats[column->target].chinese);
    parser->minor = false;
}

/* What is sent there stays secret on its way: by TLS, or because it does not leave the host. */
static bool is_secret_address(const char *value)
{
    static const char local[] = "http://127.0.0.1:", secure[] = "https://";
    return !strpbrk(value, " \"<>\\") &&
           (strncmp(value, secure, strlen(secure)) == 0 || strncmp(value, local, strlen(local)) == 0);
}

static void check_address(struct parser *parser, const struct column *column, const char *value)
{
    if (column->kind == EMAIL && !is_mail_address(value))
        refuse(parser, "is no mail address", "不是有效的邮箱地址");
    if (column->kind == URL && !is_secret_address(value))
        refuse(parser, "is no address that begins with https://", "不是以 https:// 开头的网址");
}

static void set_number(struct parser *parser, const char *value, int least, int most, int *ret_number)
{
    int64_t number;

    if (parse_int(value, least, most, &number) == 0)
        *ret_number = (int)number;
    else
        refuse(parser, "is not a whole number from %d to %d", "不是 %d 到 %d 的整数", least, most);
}

static bool check_date(struct parser *parser, const char *value, int64_t *ret_midnight)
{
    if (date_parse(value, ret_midnight) == 0)
        return true;
    refuse(parser, "\"%s\" is not a date such as 2026-10-01", "“%s”不是 2026-10-01 这样的日期", quotable(value));
    return false;
}

/* The value is not empty. Sets the member of the row that belongs to the column. */
static void set_value(struct parser *parser, const struct column *column, const char *value, char *row)
{
    void *member = row + column->offset;
    const char *list = value;
    char id[64];
    int64_t midnight;

    switch (column->kind) {
    case TOWN:
        *(const void **)member = find_row(parser, FILE_TOWNS, value);
        check_reference(parser, column, value);
        return;
    case YES:
        *(bool *)member = true;
        if (strcmp(value, "yes") != 0)
            refuse(parser, "is neither yes nor empty", "只能填 yes，或者空着");
        return;
    case PLACES:
        set_number(parser, value, 0, 20, member);
        return;
    case POINTS:
        set_number(parser, value, -100, 100, member);
        return;
    case COUNT:
        set_number(parser, value, 1, 100, member);
        return;
    case WEIGHT:
        if (parse_real(value, 0.01, 100, member) < 0)
            refuse(parser, "is not a number from 0.01 to 100", "不是 0.01 到 100 的数");
        return;
    case ID:
        if (!is_id(value))
            refuse(parser, "is not 1 to 32 of A-Z a-z 0-9 _ -", "只能用字母、数字、_ 和 -，1 到 32 个");
        break;
    case PHONE:
        if (!is_mobile(value))
            refuse(parser, "is not 11 digits beginning with 1", "不是 1 开头的 11 位手机号");
        break;
    case CHOICE:
        if (!words_have(column->choices, value))
            refuse(parser, "\"%s\" is not one of: %s", "“%s”不在可选的里面：%s", quotable(value), column->choices);
        break;
    case CHOICES:
        while (words_next(&list, id, sizeof id))
            if (!words_have(column->choices, id))
                refuse(parser, "\"%s\" is not one of: %s", "“%s”不在可选的里面：%s", quotable(id), column->choices);
        break;
    case DAY:
        if (check_date(parser, value, member))
            *(int64_t *)member += DAY_MS;
        return;
    case DATE:
        check_date(parser, value, &midnight);
        break;
    case EMAIL:
    case URL:
        check_address(parser, column, value);
        break;
    case HASH:
        if (strlen(value) != 64 || strspn(value, "0123456789abcdef") != 64)
            refuse(parser, "is not 64 hexadecimal digits in lower case", "不是 64 位小写十六进制数");
        break;
    case REFERENCE:
        check_reference(parser, column, value);
        break;
    case REFERENCES:
        while (words_next(&list, id, sizeof id))
            check_reference(parser, column, id);
        break;
    case SECTOR:
        if (text_length(value, strlen(value)) > field_info(F_SECTOR)->max)
            refuse(parser, "is longer than %zu characters", "超过了 %zu 个字", field_info(F_SECTOR)->max);
        if (strchr(value, ' '))
            refuse(parser, "holds a space, which lists of sectors and members are split at", "里不能有空格");
        break;
    case TEXT:
    case WORDS:
        break;
    }
    *(const char **)member = value;
}

/* The rows before this one hold no equal text in a column that must be unique. */
static void check_unique(struct parser *parser, const struct column *column, const char *value)
{
    const struct table *table = &parser->tables[parser->file];
    size_t row_size = county_formats[parser->file].row_size;

    for (size_t i = 0; i < table->count; i++) {
        const char *other = *(const char *const *)(table->rows + i * row_size + column->offset);
        if (strcmp(other, value) == 0) {
            refuse(parser, "is already in line %d", "和第 %d 行的一样", table->lines[i]);
            return;
        }
    }
}

static void parse_value(struct parser *parser, const struct column *column, char *field, char *row)
{
    const char *value = arena_strdup(parser->county->arena, text_tidy(field));

    parser->column = column;
    if (column->kind < TOWN)
        *(const char **)(row + column->offset) = "";
    if (!*value) {
        if (column->flags & REQUIRED)
            refuse(parser, "is empty", "没有填");
    } else if (text_length(value, strlen(value)) > MAX_FIELD) {
        refuse(parser, "is longer than %d characters", "超过了 %d 个字", MAX_FIELD);
    } else if (has_control(value)) {
        refuse(parser, "holds a line break or another control character", "里有换行或别的控制字符");
    } else {
        if (column->flags & UNIQUE)
            check_unique(parser, column, value);
        set_value(parser, column, value, row);
    }
    parser->column = NULL;
}

static void parse_header(struct parser *parser, char *const fields[], size_t count)
{
    const struct column *columns = county_formats[parser->file].columns;
    bool complete = true;

    parser->has_header = true;
    parser->header_count = count;
    for (int c = 0; c < MAX_COLUMNS; c++)
        parser->positions[c] = -1;
    for (size_t i = 0; i < count; i++) {
        const char *name = text_tidy(fields[i]);
        int c = 0;
        while (columns[c].name && !column_is(&columns[c], name))
            c++;
        if (!columns[c].name)
            refuse(parser, "column %zu, \"%s\", does not belong to this file", "第 %zu 列“%s”不是这张表里的", i + 1,
                   quotable(name));
        else if (parser->positions[c] >= 0)
            refuse(parser, "the column \"%s\" is there twice", "“%s”这一列有两个", name);
        else
            parser->positions[c] = (int)i;
    }
    for (int c = 0; columns[c].name; c++) {
        if (parser->positions[c] < 0 && (columns[c].flags & REQUIRED)) {
            refuse(parser, "the column \"%s\" is missing%.0s", "缺少“%s（%s）”这一列", columns[c].name,
                   columns[c].chinese);
            complete = false;
        }
    }
    parser->tables[parser->file].readable = complete;
}

static void apply_setting(struct parser *parser, const struct setting_row *setting)
{
    const struct setting_rule *rule;
    int result = county_set(parser->county, setting->name, setting->value, &rule);

    parser->minor = result == -E2BIG;
    if (result == -ENOENT)
        refuse(parser, "there is no setting \"%s\"", "没有“%s”这项设置", quotable(setting->name));
    else if (result < 0)
        refuse(parser, "%s is not %s%.0s", "%s%.0s 应当是%s", setting->name, rule->wanted, rule->wanted_chinese);
    parser->minor = false;
}

static void apply_clock(struct parser *parser, const struct clock_row *clock)
{
    int kind = clock_by_name(clock->clock);
    struct span span;

    if (span_parse(clock->time, &span) < 0) {
        refuse(parser, "time \"%s\" is not a time such as 90s, 15m, 36h, 7d or 2wd, at most 400 days",
               "时限“%s”要写成 36小时、7天、2个工作日这样，最多400天", clock->time);
    } else {
        struct span *place = &parser->county->clocks[strcmp(clock->urgency, "urgent") == 0][kind];
        if (place->working_days || place->ms)
            refuse(parser, "the clock %s %s is there twice", "时限 %s %s 有两个", clock->urgency, clock->clock);
        *place = span;
    }
}

/* The county's own calendar is read first, so its days stand where the national one has others. */
static void apply_day(struct parser *parser, const struct calendar_row *day)
{
    int result = calendar_set(parser->county->calendar, day->date, strcmp(day->kind, "work") == 0, day->name);

    if (result == -EEXIST && parser->file == FILE_CALENDAR)
        refuse(parser, "the date %s is there twice", "日期 %s 有两个", day->date);
}

/* What leaves no rows in the county takes effect at once. */
static void apply_row(struct parser *parser, const char *row)
{
    switch (parser->file) {
    case FILE_SETTINGS:
        apply_setting(parser, (const struct setting_row *)row);
        break;
    case FILE_CLOCKS:
        apply_clock(parser, (const struct clock_row *)row);
        break;
    case FILE_CALENDAR:
    case FILE_NATIONAL:
        apply_day(parser, (const struct calendar_row *)row);
        break;
    default:
        break;
    }
}

static bool is_blank(char *const fields[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (*text_tidy(fields[i]))
            return false;
    return true;
}

static void parse_row(struct parser *parser, char *const fields[], size_t count)
{
    const struct county_format *format = &county_formats[parser->file];
    struct table *table = &parser->tables[parser->file];
    char empty[] = "";
    int faults = parser->faults;

    if (count > parser->header_count && !is_blank(fields + parser->header_count, count - parser->header_count))
        refuse(parser, "there are more fields than columns", "这一行比表头多出几格");

    table->rows = xrealloc(table->rows, (table->count + 1) * format->row_size);
    table->lines = xrealloc(table->lines, (table->count + 1) * sizeof *table->lines);
    table->lines[table->count] = parser->line;
    char *row = memset(table->rows + table->count * format->row_size, 0, format->row_size);
    for (int c = 0; format->columns[c].name; c++) {
        int position = parser->positions[c];
        bool given = position >= 0 && (size_t)position < count;
        parse_value(parser, &format->columns[c], given ? fields[position] : empty, row);
    }
    table->count++;
    if (parser->faults == faults)
        apply_row(parser, row);
}

static int take_row(void *arg, int line, char *const fields[], size_t count, const char *error)
{
    struct parser *parser = arg;
    struct table *table = &parser->tables[parser->file];

    parser->line = line;
    if (error) {
        refuse(parser, "%s", "这一行读不出来：%s", error);
        parser->has_header = true; /* were this the header, the next row is none */
    } else if (is_blank(fields, count)) {
        return 0;
    } else if (!parser->has_header) {
        parse_header(parser, fields, count);
    } else if (table->readable && table->count == MAX_ROWS) {
        refuse(parser, "there are more than %d rows", "超过了 %d 行", MAX_ROWS);
        table->readable = false;
    } else if (table->readable) {
        parse_row(parser, fields, count);
    }
    return 0;
}

static void parse_file(struct parser *parser, enum county_file file, const char *text)
{
    const struct county_format *format = &county_formats[file];
    struct table *table = &parser->tables[file];

    if (!text) {
        if (!format->optional)
            report(parser, file, 0, "the file is missing", "缺少这张表");
        return;
    }
    parser->file = file;
    parser->has_header = false;
    struct csv *csv = csv_new(MAX_ROW, take_row, parser);
    csv_feed(csv, text, strlen(text));
    csv_finish(csv);
    csv_destroy(&csv);

    if (!parser->has_header)
        report(parser, file, 0, "the file has no row with the names of the columns",
               "这张表没有表头，也就是写列名的那一行");
    else if (table->readable && format->populated && table->count == 0)
        report(parser, file, 0, "the file needs at least one row", "这张表至少要有一行");

    size_t size = table->count * format->row_size;
    char *rows = arena_alloc(parser->county->arena, size);
    if (size)
        memcpy(rows, table->rows, size);
    free(table->rows);
    table->rows = rows;
}

static void hand_over_tables(struct parser *parser)
{
    struct county *county = parser->county;

#define HAND_OVER(member, counter, file)                                                                               \
    do {                                                                                                               \
        county->member = (void *)parser->tables[file].rows;                                                            \
        county->counter = parser->tables[file].count;                                                                  \
    } while (0)
    HAND_OVER(towns, town_count, FILE_TOWNS);
    HAND_OVER(communities, community_count, FILE_COMMUNITIES);
    HAND_OVER(groups, group_count, FILE_GROUPS);
    HAND_OVER(members, member_count, FILE_MEMBERS);
    HAND_OVER(committees, committee_count, FILE_COMMITTEES);
    HAND_OVER(departments, department_count, FILE_DEPARTMENTS);
    HAND_OVER(categories, category_count, FILE_CATEGORIES);
    HAND_OVER(rules, rule_count, FILE_RULES);
    HAND_OVER(keys, key_count, FILE_KEYS);
    HAND_OVER(staff, staff_count, FILE_STAFF);
    HAND_OVER(reasons, reason_count, FILE_REASONS);
    HAND_OVER(portrait, portrait_count, FILE_PORTRAIT);
    HAND_OVER(plan, plan_count, FILE_PLAN);
    HAND_OVER(sms_templates, sms_template_count, FILE_SMS_TEMPLATES);
    HAND_OVER(sms_signatures, sms_signature_count, FILE_SMS_SIGNATURES);
    HAND_OVER(robots, robot_count, FILE_ROBOTS);
#undef HAND_OVER
}

static void check_groups_have_members(struct parser *parser)
{
    const struct county *county = parser->county;

    for (size_t g = 0; parser->tables[FILE_MEMBERS].readable && g < county->group_count; g++) {
        size_t m = 0;
        while (m < county->member_count && strcmp(county->members[m].group, county->groups[g].id) != 0)
            m++;
        if (m == county->member_count)
            report(parser, FILE_GROUPS, parser->tables[FILE_GROUPS].lines[g], "group \"%s\" has nobody in members.csv",
                   "小组“%s”在 members.csv 里一个委员也没有", county->groups[g].id);
    }
}

/* An order records the ids of its members in one field, and may be given to a whole group. */
static void check_groups_fit(struct parser *parser)
{
    const struct county *county = parser->county;
    size_t most = field_info(F_MEMBERS)->max;
    for (size_t g = 0; parser->tables[FILE_MEMBERS].readable && g < county->group_count; g++) {
        size_t size = 0;
        for (size_t m = 0; m < county->member_count; m++)
            if (strcmp(county->members[m].group, county->groups[g].id) == 0)
                size += strlen(county->members[m].id) + 1;
        if (size > most)
            report(
                parser, FILE_GROUPS, parser->tables[FILE_GROUPS].lines[g],
                "the ids of the members of group \"%s\" have %zu characters, more than %zu together: use shorter ids",
                "小组“%s”的委员编号加起来有 %zu 个字，超过了 %zu 个：请用短一点的编号", county->groups[g].id, size,
                most);
    }
}

static void check_clocks(struct parser *parser)
{
    static const char *const urgencies[] = {"normal", "urgent"};

    for (int urgency = 0; parser->tables[FILE_CLOCKS].readable && urgency < 2; urgency++)
        for (enum clock_kind kind = 0; kind < CLOCK_KINDS; kind++) {
            struct span span = parser->county->clocks[urgency][kind];
            if (!span.working_days && !span.ms && kind != CLOCK_CONFIRM)
                report(parser, FILE_CLOCKS, 0, "the clock %s %s is missing", "缺少时限 %s %s", urgencies[urgency],
                       clock_name(kind));
        }
}

/* Of each task of a sector one row. */
static void check_plan(struct parser *parser)
{
    const struct county *county = parser->county;
    for (size_t i = 0; i < county->plan_count; i++)
        if (county_plan(county, county->plan[i].sector, county->plan[i].task) != &county->plan[i])
            report(parser, FILE_PLAN, parser->tables[FILE_PLAN].lines[i],
                   "the task \"%s\" of this sector is there twice", "这个界别的任务“%s”有两个",
                   quotable(county->plan[i].task));
}

/* One code for each template and gateway; and signatures without the brackets that go around them. */
static void check_sms(struct parser *parser)
{
    struct county *county = parser->county;
    for (size_t i = 0; i < county->sms_template_count; i++) {
        struct sms_template *row = &county->sms_templates[i];
        row->line = parser->tables[FILE_SMS_TEMPLATES].lines[i];
        if (county_sms_template(county, row->gateway, row->template) != row)
            report(parser, FILE_SMS_TEMPLATES, row->line, "the template \"%s\" of the gateway \"%s\" is there twice",
                   "模板“%s”在通道“%s”里有两个", quotable(row->template), quotable(row->gateway));
    }
    for (size_t i = 0; i < county->sms_signature_count; i++)
        if (strstr(county->sms_signatures[i].sign, "【") || strstr(county->sms_signatures[i].sign, "】"))
            report(parser, FILE_SMS_SIGNATURES, parser->tables[FILE_SMS_SIGNATURES].lines[i],
                   "sign is written without 【 and 】", "签名不要写【】");
}

/* Whether it is somebody in the county whom notices go to, and who may have a robot. */
static bool has_notices(const struct parser *parser, const char *recipient)
{
    static const struct {
        const char *kind;
        enum county_file file;
    } kinds[] = {{"convener:", FILE_TOWNS},
                 {"committee:", FILE_COMMITTEES},
                 {"department:", FILE_DEPARTMENTS},
                 {"group:", FILE_GROUPS}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i].kind);
        if (strncmp(recipient, kinds[i].kind, size) == 0)
            return !parser->tables[kinds[i].file].readable || find_row(parser, kinds[i].file, recipient + size);
    }
    return strcmp(recipient, "chair") == 0;
}

static void check_robots(struct parser *parser)
{
    char word[64];
    for (size_t i = 0; i < parser->county->robot_count; i++)
        for (const char *rest = parser->county->robots[i].tells; words_next(&rest, word, sizeof word);)
            if (!has_notices(parser, word))
                report(parser, FILE_ROBOTS, parser->tables[FILE_ROBOTS].lines[i],
                       "tells names somebody else than convener:, committee:, department: or group: with an id of the "
                       "county, or chair",
                       "tells 只能写 convener:、committee:、department:、group: 加本县的编号，或者 chair");
}

static void check_whole(struct parser *parser)
{
    check_plan(parser);
    check_sms(parser);
    check_robots(parser);
    check_groups_have_members(parser);
    check_groups_fit(parser);
    check_clocks(parser);
    if (parser->tables[FILE_SETTINGS].readable && !parser->county->name)
        report(parser, FILE_SETTINGS, 0, "the setting \"name\" is missing", "缺少 name（县名）这项设置");
    if (parser->tables[FILE_CATEGORIES].readable && !county_category(parser->county, "other"))
        report(parser, FILE_CATEGORIES, 0, "the category \"other\" is missing: it takes what no rule knows",
               "缺少 other 这个类别：没有规则能认出的都归到它");
}

int county_parse(const char *id, const char *const texts[COUNTY_FILE_COUNT], county_fault_fn *fault, void *arg,
                 struct county **ret_county)
{
    struct county *county = xcalloc(1, sizeof *county);
    struct parser parser = {.county = county, .fault = fault, .arg = arg};

    county->arena = arena_new();
    county->calendar = calendar_new();
    county_set_defaults(county);
    if (strlen(id) == 6 && strspn(id, "0123456789") == 6)
        memcpy(county->id, id, sizeof county->id);
    else
        report(&parser, FILE_SETTINGS, 0, "the id of a county is its division code of 6 digits, not \"%s\"",
               "县的编号是 6 位行政区划代码，不是“%s”", id);

    for (size_t i = 0; i < COUNTY_FILE_COUNT; i++)
        parse_file(&parser, county_reading_order[i], texts[county_reading_order[i]]);
    hand_over_tables(&parser);
    check_whole(&parser);

    for (size_t i = 0; i < COUNTY_FILE_COUNT; i++)
        free(parser.tables[i].lines);
    if (parser.faults) {
        county_destroy(&county);
        return -EINVAL;
    }
    county_sort_roster(county);
    *ret_county = county;
    return 0;
}
