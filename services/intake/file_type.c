/*
 * file_type.c - the type of a file, and photos without what does not draw them; see file_type.h.
 *
 * A photo is never decoded: its parts are walked along by their lengths, each of them inside the file, so that nothing
 * a stranger sends reaches an image decoder. Owns nothing.
 */
#include "services/intake/file_type.h"

#include "common/alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct file_type jpeg = {"jpg", "image/jpeg"}, png = {"png", "image/png"}, webp = {"webp", "image/webp"};

static const struct file_type documents[] = {
    {"pdf", "application/pdf"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
};

/* A photo that is read, and the copy that is made of it, which is never longer than PART more. */
struct photo {
    const unsigned char *data;
    size_t size, at;
    char *copy;
    size_t copied;
};
enum { PART = 64 };

static void keep(struct photo *photo, const void *bytes, size_t size)
{
    memcpy(photo->copy + photo->copied, bytes, size);
    photo->copied += size;
}

static uint32_t big(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t little(const unsigned char *bytes, int count)
{
    uint32_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static bool is_one_of(const unsigned char *name, const char *names)
{
    for (; *names; names += 4)
        if (memcmp(name, names, 4) == 0)
            return true;
    return false;
}

/* -- JPEG -------------------------------------------------------------------------------------------------------- */

/* Which way up the picture is, 1 to 8, by its Exif data; 0 where that does not say. */
static int orientation(const unsigned char *exif, size_t size)
{
    if (size < 14 || memcmp(exif, "Exif\0\0", 6) != 0)
        return 0;
    const unsigned char *tiff = exif + 6;
    uint32_t (*number)(const unsigned char *bytes, int count) = tiff[0] == 'I' ? little : big;
    size_t length = size - 6, directory = number(tiff + 4, 4);
    if (directory > length || length - directory < 2)
        return 0;
    size_t entries = number(tiff + directory, 2);
    for (size_t i = 0, at = directory + 2; i < entries && length - at >= 12; i++, at += 12)
        if (number(tiff + at, 2) == 0x0112)
            return number(tiff + at + 8, 2) <= 8 ? (int)number(tiff + at + 8, 2) : 0;
    return 0;
}

static void keep_orientation(struct photo *photo, int way)
{
    const unsigned char exif[] = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i',  'f', 0, 0, 'M', 'M', 0, 42, 0,
                                  0,    0,    8, 0,  1,   1,   0x12, 0,   3, 0, 0,   0,   1, 0,  (unsigned char)way,
                                  0,    0,    0, 0,  0,   0};
    keep(photo, exif, sizeof exif);
}

/* Whether a segment draws the picture, or says which colours are meant. A longer JFIF brings a preview, which may show
 * what was cut off. */
static bool draws(int marker, const unsigned char *body, size_t size)
{
    if (marker == 0xE0)
        return size == 14 && memcmp(body, "JFIF", 5) == 0;
    if (marker == 0xE2)
        return size >= 12 && memcmp(body, "ICC_PROFILE", 12) == 0;
    return marker == 0xEE || (marker != 0xFE && (marker & 0xF0) != 0xE0);
}

/* Copies what is coded behind the head of a scan, up to the next marker. */
static void keep_scan(struct photo *photo)
{
    size_t start = photo->at;
    const unsigned char *data = photo->data;
    for (; photo->at + 1 < photo->size; photo->at++) {
        int next = data[photo->at + 1];
        if (data[photo->at] == 0xFF && next != 0 && next != 0xFF && (next & 0xF8) != 0xD0)
            break;
    }
    keep(photo, data + start, photo->at - start);
}

/* False when it is not whole. */
static bool clean_jpeg(struct photo *photo)
{
    bool sized = false, scanned = false, turned = false;
    keep(photo, photo->data, 2);
    for (photo->at = 2; photo->size - photo->at >= 4;) {
        const unsigned char *segment = photo->data + photo->at;
        int marker = segment[1];
        if (segment[0] != 0xFF)
            return false;
        if (marker == 0xFF) { /* filling */
            photo->at++;
            continue;
        }
        if (marker == 0xD9)
            break;
        if (marker <= 1 || (marker & 0xF8) == 0xD0 || marker == 0xD8) /* none of these begins a segment */
            return false;
        size_t length = big(segment + 2, 2);
        if (length < 2 || length + 2 > photo->size - photo->at)
            return false;
        if (draws(marker, segment + 4, length - 2))
            keep(photo, segment, length + 2);
        int way = marker == 0xE1 && !turned ? orientation(segment + 4, length - 2) : 0;
        if (way > 1) {
            keep_orientation(photo, way);
            turned = true;
        }
        photo->at += length + 2;
        sized = sized || ((marker & 0xF0) == 0xC0 && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
        if (marker == 0xDA) {
            scanned = true;
            keep_scan(photo);
        }
    }
    keep(photo, "\xFF\xD9", 2);
    return sized && scanned;
}

/* -- PNG and WebP ------------------------------------------------------------------------------------------------ */

static bool clean_png(struct photo *photo)
{
    keep(photo, photo->data, 8);
    for (photo->at = 8; photo->size - photo->at >= 12;) {
        const unsigned char *chunk = photo->data + photo->at;
        size_t length = big(chunk, 4);
        if (length > photo->size - photo->at - 12)
            return false;
        if (is_one_of(chunk + 4, "IHDRPLTEIDATIENDtRNSgAMAcHRMsRGBiCCPsBITpHYsbKGD"))
            keep(photo, chunk, length + 12);
        if (memcmp(chunk + 4, "IEND", 4) == 0)
            return true;
        photo->at += length + 12;
    }
    return false;
}

static bool clean_webp(struct photo *photo)
{
    bool drawn = false;
    size_t end = (size_t)little(photo->data + 4, 4) + 8;
    if (end < 12 || end > photo->size)
        return false;
    keep(photo, photo->data, 12);
    for (photo->at = 12; end - photo->at >= 8;) {
        const unsigned char *chunk = photo->data + photo->at;
        size_t length = little(chunk + 4, 4);
        length += length & 1;
        if (length > end - photo->at - 8)
            return false;
        char *copy = photo->copy + photo->copied;
        if (is_one_of(chunk, "VP8 VP8LVP8XALPHANIMANMFICCP"))
            keep(photo, chunk, length + 8);
        if (memcmp(chunk, "VP8X", 4) == 0 && length > 0)
            copy[8] = (char)(copy[8] & ~0x0C); /* no Exif, no XMP any more */
        drawn = drawn || is_one_of(chunk, "VP8 VP8LANMF");
        photo->at += length + 8;
    }
    for (int i = 0; i < 4; i++)
        photo->copy[4 + i] = (char)((photo->copied - 8) >> (8 * i) & 0xFF);
    return drawn;
}

/* -- the type ---------------------------------------------------------------------------------------------------- */

const struct file_type *file_type_named(const char *ending)
{
    const struct file_type *const photos[] = {&jpeg, &png, &webp};
    for (size_t i = 0; i < sizeof photos / sizeof *photos; i++)
        if (strcmp(photos[i]->ending, ending) == 0)
            return photos[i];
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        if (strcmp(documents[i].ending, ending) == 0)
            return &documents[i];
    return NULL;
}

static bool begins(const char *data, size_t size, const char *with, size_t length)
{
    return size >= length && memcmp(data, with, length) == 0;
}

/* A document of an office is a ZIP archive that has one of these folders, beside the list of its parts. */
static const struct file_type *type_of_archive(const char *data, size_t size)
{
    static const struct {
        const char *folder, *ending;
    } folders[] = {{"word/", "docx"}, {"xl/", "xlsx"}, {"ppt/", "pptx"}};
    if (!memmem(data, size, "[Content_Types].xml", 19))
        return NULL;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (memmem(data, size, folders[i].folder, strlen(folders[i].folder)))
            return file_type_named(folders[i].ending);
    return NULL;
}

const struct file_type *file_clean(const char *data, size_t size, char **ret_copy, size_t *ret_size)
{
    struct photo photo = {.data = (const unsigned char *)data, .size = size, .copy = xmalloc(size + PART)};
    const struct file_type *type = NULL;
    bool is_photo = true, whole = false;
    if (begins(data, size, "\xFF\xD8\xFF", 3)) {
        type = &jpeg;
        whole = clean_jpeg(&photo);
    } else if (begins(data, size, "\x89PNG\r\n\x1A\n", 8)) {
        type = &png;
        whole = clean_png(&photo);
    } else if (size >= 12 && begins(data, size, "RIFF", 4) && memcmp(data + 8, "WEBP", 4) == 0) {
        type = &webp;
        whole = clean_webp(&photo);
    } else {
        is_photo = false;
        if (begins(data, size, "%PDF-", 5))
            type = file_type_named("pdf");
        else if (begins(data, size, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8))
            type = file_type_named("doc");
        else if (begins(data, size, "PK\3\4", 4))
            type = type_of_archive(data, size);
        if (type)
            keep(&photo, data, size);
    }
    if (!type || (is_photo && !whole)) {
        free(photo.copy);
        return NULL;
    }
    *ret_copy = photo.copy;
    *ret_size = photo.copied;
    return type;
}
