/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cue.h"

#include <string.h>

/* Fields of an ASS packet before its text: order, layer, style, name, three margins, effect. */
#define ASS_FIELDS 8

typedef struct {
    const char *at, *end;
} Text;

static Text text_of_mov(const guint8 *data, gsize size)
{
    if (size < 2)
        return (Text){NULL, NULL};
    gsize length = MIN((gsize)data[0] << 8 | data[1], size - 2);
    const char *begin = (const char *)data + 2;
    return (Text){begin, begin + length};
}

static Text text_of_ass(const guint8 *data, gsize size)
{
    Text text = {(const char *)data, (const char *)data + size};
    for (guint i = 0; i < ASS_FIELDS; i++) {
        const char *comma = memchr(text.at, ',', (gsize)(text.end - text.at));
        text.at = comma ? comma + 1 : text.end;
    }
    return text;
}

/* TRUE if {..\p1..} within @text makes drawings of what follows. */
static gboolean is_drawing(Text text)
{
    for (const char *at = text.at; text.end - at >= 3; at++)
        if (at[0] == '\\' && at[1] == 'p' && at[2] >= '1' && at[2] <= '9')
            return TRUE;
    return FALSE;
}

/* Returns: the length of the markup or white space that @text begins with; 0: something to read. */
static gsize length_of_nothing(Text text)
{
    static const char pairs[] = "{}<>";
    gsize left = (gsize)(text.end - text.at);
    const char *open = *text.at ? strchr(pairs, *text.at) : NULL;
    const char *close = open && (open - pairs) % 2 == 0 ? memchr(text.at, open[1], left) : NULL;
    if (close)
        return (gsize)(close - text.at) + 1;
    if (left >= 2 && text.at[0] == '\\' && strchr("Nnh", text.at[1]))
        return 2;
    return *text.at == '\0' || g_ascii_isspace(*text.at) ? 1 : 0;
}

static gboolean is_blank(Text text)
{
    while (text.at < text.end) {
        gsize length = length_of_nothing(text);
        if (length == 0)
            return FALSE;
        text.at += length;
    }
    return TRUE;
}

gboolean cue_is_blank(enum AVCodecID codec, const guint8 *data, gsize size)
{
    switch (codec) {
    case AV_CODEC_ID_MOV_TEXT:
        return is_blank(text_of_mov(data, size));
    case AV_CODEC_ID_ASS:
    case AV_CODEC_ID_SSA: {
        Text text = text_of_ass(data, size);
        return is_drawing(text) || is_blank(text);
    }
    case AV_CODEC_ID_SUBRIP:
    case AV_CODEC_ID_SRT:
    case AV_CODEC_ID_WEBVTT:
    case AV_CODEC_ID_TEXT:
        return is_blank((Text){(const char *)data, (const char *)data + size});
    default:
        return FALSE;
    }
}
