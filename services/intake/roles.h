/*
 * roles.h - who may do what: the one table of permissions, and how people stand to an order. All of it pure.
 *
 * Who a person is comes from the county's roster at each request, so that whoever is taken off it may nothing more
 * within seconds. One phone may have several roles; what any of them grants is granted.
 */
#ifndef SIDAN_INTAKE_ROLES_H
#define SIDAN_INTAKE_ROLES_H

#include "common/contact.h"
#include "common/county.h"
#include "common/order.h"
#include "common/permission.h"
#include "common/record.h"
#include "common/vault.h"

/* What a route asks for, besides the permissions that have names. 0 is none of them: such a route is refused. */
enum permission {
    PERMIT_ANYBODY = 1, /* no permission is needed */
    PERMIT_GATEWAY,     /* an SMS gateway, by the secret in its address */
    PERMIT_LINK,        /* what its resident may with an answer, by the link that they were sent */
    PERMIT_INVITATION,  /* what a resident may who is invited to a meeting, by the link that they were sent */
    PERMIT_QR,          /* to sign in at a meeting, by the QR code that is shown there */
    PERMIT_OF_RESOURCE, /* the door has resources of its own, each with its permission: Open311 */
    PERMIT_SIGNED_IN,   /* anybody who is signed in */
#define PERMISSION_ID(id, name) PERMIT_##id,
    PERMISSIONS(PERMISSION_ID)
#undef PERMISSION_ID
        PERMISSION_COUNT
};

/* How somebody stands to an order, a meeting or a suggestion; where there is no order, what they are in the county.
 * Bits. */
enum relation {
    RESIDENT = 1,        /* proved it with the order's code */
    MEMBER = 1 << 1,     /* has taken it on */
    POOL = 1 << 2,       /* a member of its group, while it may be claimed */
    GROUP = 1 << 3,      /* a member of its group */
    LEADER = 1 << 4,     /* leads its group */
    CONVENER = 1 << 5,   /* of its town; of the first town where its town is not known */
    CLERK = 1 << 6,      /* of the department that it was handed over to, or the committee that an opinion is for */
    COMMITTEE = 1 << 7,  /* supervises its group */
    OFFICE = 1 << 8,     /* of the county */
    CITY = 1 << 9,       /* of the city above it */
    ASSISTANT = 1 << 10, /* of a department that assists that one */
    HOST = 1 << 11,      /* called the meeting; raised the suggestion */
    INVITED = 1 << 12,   /* to the meeting */
    FORMER = 1 << 13,    /* of a department that lost it by a ruling: is told so, and may nothing */
    RELATION_END = 1 << 14,
};

/* Who asks. */
struct caller {
    enum { CALLER_NOBODY, CALLER_PERSON, CALLER_KEY } kind;
    char county[7];                /* that a person or a key belongs to */
    char phone[VAULT_DIGEST_SIZE]; /* of a person: person_digest() of their phone */
    char plain[PHONE_SIZE];        /* the phone itself, once it was found on the roster; see caller_person() */
    char key[33];                  /* of a key: its name */
};

/* What a caller may. */
struct grant {
    bool granted;
    int relations;     /* all of them, also those that do not grant it */
    char actor[64];    /* as whom: of the role that grants it; of the first when none does; "" without any */
    char member[33];   /* of a person who is a member: which one; else "" */
    char actors[400];  /* all roles that grant it, as one of which a person may act; space between */
    bool may_delegate; /* may name another actor */
    bool forbidden;    /* not granted because of what they are besides: nothing else helps */
};

/*
 * A person of a county, by person_digest(). Their phone is looked for on the roster once: to compare digests with it
 * for each order of a list, or each change that is told, would keep everybody else waiting.
 */
struct caller caller_person(const struct county *county, const char *phone);

/*
 * Decides about a permission. county: the caller's. order: the order that it
 * is about, NULL for none. Whether a resident's code was right is not known
 * here: see permission_of_resident().
 */
void permission_decide(const struct county *county, const struct caller *caller, enum permission permission,
                       const struct record *order, struct grant *ret_grant);

/* Names of all that about one such matter is granted to a person who stands so to it, space between; MATTER_NONE: in
 * the county. The caller frees them. */
char *permissions_granted(enum matter matter, int relations);

/* Whether the code of an order alone grants it. */
bool permission_of_resident(enum permission permission);

/* Whether it is about one matter (it is given by a path), or about a county; and about which kind. */
bool permission_is_of_order(enum permission permission);
enum matter permission_matter(enum permission permission);

/* Whether a caller with this grant may claim an order for a member. */
bool grant_covers_claim(const struct grant *grant, const char *member);

/*
 * Whether somebody who is of the city at home may read the figures of another county: its roster has to have them as
 * the city's, too. ret_grant is set only then.
 */
bool city_reads(const struct county *home, const struct caller *caller, const struct county *other,
                struct grant *ret_grant);

/* "order.read"; "public" and the like for those without a scope. */
const char *permission_name(enum permission permission);

/* "resident member ..." and the scopes of keys; the caller frees it. */
char *permission_granted_to(enum permission permission);

/* The roles of a person as actors ("member:M1 leader:G1 convener:T1"), "" for nobody; the caller frees it. */
char *person_roles(const struct county *county, const char *phone);

/* Whether a person sees a whole county, so that a session that is left alone must end soon. */
bool person_is_staff(const struct county *county, const char *phone);

/* What of the county's orders a person may list, as F_WITHIN has it; NULL for all of them; the caller frees it. */
char *person_within(const struct county *county, const char *phone);

/*
 * A keyed hash of a phone, by which Redis knows who signs in. It is another one than F_PERSON of the orders of that
 * phone: who is signed in cannot be held against who placed an order.
 */
void person_digest(char digest[VAULT_DIGEST_SIZE], const struct county *county, const char *phone);

#endif
