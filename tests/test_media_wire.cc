// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>
#include "media_wire.h"

namespace
{

WireReader ReaderOf(const GByteArray *bytes)
{
    return {bytes->data, bytes->len, FALSE};
}

gsize SizeOf(WireType type)
{
    switch (type) {
    case WIRE_INTEGER:
    case WIRE_REAL:
        return 8;
    case WIRE_NAME:
    case WIRE_TEXT:
    case WIRE_LINE:
        return sizeof(char *);
    default:
        return 4;
    }
}

// Bytes of a struct that no row covers, gaps between members aside.
gsize UncoveredBytes(const WireField *fields, gsize n_fields, gsize size)
{
    std::vector<bool> covered(size, false);
    for (gsize i = 0; i < n_fields; i++)
        for (gsize j = 0; j < SizeOf(fields[i].type); j++) {
            EXPECT_FALSE(covered[fields[i].offset + j]) << "two rows for offset " << fields[i].offset;
            covered[fields[i].offset + j] = true;
        }
    gsize uncovered = 0;
    for (gsize i = 0; i < size; i += 4)
        if (!covered[i] && !(i % 8 == 4 && covered[i - 4]))
            uncovered += 4;
    return uncovered;
}

// Every member another value, as far as it may be.
void Fill(gpointer object, const WireField *fields, gsize n_fields, int seed)
{
    for (gsize i = 0; i < n_fields; i++) {
        const WireField &field = fields[i];
        auto member = static_cast<char *>(object) + field.offset;
        auto number = static_cast<int>(i) + seed;
        gint64 value = field.most ? std::min<gint64>(number, field.most) : number;
        std::string text = "text " + std::to_string(number);
        switch (field.type) {
        case WIRE_BOOL:
            *reinterpret_cast<gboolean *>(member) = number % 2;
            break;
        case WIRE_INT:
            *reinterpret_cast<int *>(member) = static_cast<int>(value);
            break;
        case WIRE_UINT:
            *reinterpret_cast<guint *>(member) = static_cast<guint>(value);
            break;
        case WIRE_INTEGER:
            *reinterpret_cast<gint64 *>(member) = value;
            break;
        case WIRE_REAL:
            *reinterpret_cast<double *>(member) = number + 0.5;
            break;
        default:
            *reinterpret_cast<char **>(member) = g_strdup(text.c_str());
        }
    }
}

FfarmMedia *NewMedia()
{
    gsize n_fields;
    const WireField *fields = media_wire_stream_fields(&n_fields);
    FfarmMedia *media = ffarm_media_new("film.mkv");
    media->container = g_strdup("matroska,webm");
    media->title = g_strdup("A \"film\": 映画\n");
    media->duration_us = 5000000;
    media->start_us = -7;
    media->bitrate_bps = 9;
    for (int i = 0; i < 3; i++) {
        FfarmStream *stream = ffarm_media_add_stream(media, FFARM_STREAM_VIDEO);
        Fill(stream, fields, n_fields, i);
        stream->index = i;
    }
    ffarm_media_add_chapter(media, 1, 2, "one");
    ffarm_media_add_chapter(media, G_MININT64, G_MAXINT64, nullptr);
    ffarm_media_add_problem(media, FFARM_PROBLEM_TRUNCATED, "ends at %d", 7);
    return media;
}

GByteArray *Written(const FfarmMedia *media)
{
    GByteArray *bytes = g_byte_array_new();
    media_wire_put(bytes, media);
    return bytes;
}

gboolean Reads(const GByteArray *bytes)
{
    WireReader reader = ReaderOf(bytes);
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    return media_wire_take(&reader, media) && wire_reader_is_done(&reader);
}

} // namespace

TEST(MediaWire, CarriesEveryMember)
{
    gsize n_fields;
    const WireField *fields = media_wire_stream_fields(&n_fields);
    EXPECT_EQ(UncoveredBytes(fields, n_fields, sizeof(FfarmStream)), 0u) << "a member has no row";
    fields = media_wire_packets_stream_fields(&n_fields);
    EXPECT_EQ(UncoveredBytes(fields, n_fields, sizeof(FfarmPacketsStream)), 0u) << "a member has no row";
    fields = media_wire_decoded_stream_fields(&n_fields);
    EXPECT_EQ(UncoveredBytes(fields, n_fields, sizeof(FfarmDecodedStream)), 0u) << "a member has no row";
}

TEST(MediaWire, ReadsWhatItWrote)
{
    g_autoptr(FfarmMedia) media = NewMedia();
    g_autoptr(GByteArray) bytes = Written(media);
    WireReader reader = ReaderOf(bytes);
    g_autoptr(FfarmMedia) copy = ffarm_media_new("film.mkv");
    ASSERT_TRUE(media_wire_take(&reader, copy));
    EXPECT_TRUE(wire_reader_is_done(&reader));
    g_autoptr(GByteArray) again = Written(copy);
    ASSERT_EQ(again->len, bytes->len);
    EXPECT_EQ(memcmp(again->data, bytes->data, bytes->len), 0);
    EXPECT_STREQ(copy->title, media->title);
    EXPECT_EQ(copy->streams->len, 3u);
    auto chapter = static_cast<const FfarmChapter *>(g_ptr_array_index(copy->chapters, 1));
    EXPECT_EQ(chapter->start_us, G_MININT64);
    EXPECT_EQ(chapter->title, nullptr);
    auto problem = static_cast<const FfarmProblem *>(g_ptr_array_index(copy->problems, 0));
    EXPECT_EQ(problem->kind, FFARM_PROBLEM_TRUNCATED);
    EXPECT_STREQ(problem->text, "ends at 7");
}

TEST(MediaWire, RefusesEveryBeginningOfAnAnswer)
{
    g_autoptr(FfarmMedia) media = NewMedia();
    g_autoptr(GByteArray) bytes = Written(media);
    EXPECT_TRUE(Reads(bytes));
    for (guint length = 0; length < bytes->len; length++) {
        g_autoptr(GByteArray) part = g_byte_array_new();
        g_byte_array_append(part, bytes->data, length);
        EXPECT_FALSE(Reads(part)) << length;
    }
    g_byte_array_append(bytes, reinterpret_cast<const guint8 *>("x"), 1);
    EXPECT_FALSE(Reads(bytes)) << "something is left over";
}

TEST(MediaWire, RefusesWhatNoProberSays)
{
    const struct {
        const char *what;
        void (*spoil)(FfarmMedia *media, FfarmStream *stream);
    } cases[] = {
        {"a stream out of its place", [](FfarmMedia *, FfarmStream *stream) { stream->index = 2; }},
        {"a type that is none", [](FfarmMedia *, FfarmStream *stream) { stream->type = FfarmStreamType(5); }},
        {"a negative type", [](FfarmMedia *, FfarmStream *stream) { stream->type = FfarmStreamType(-1); }},
        {"an HDR that is none", [](FfarmMedia *, FfarmStream *stream) { stream->hdr = FfarmHdr(99); }},
        {"an unknown disposition", [](FfarmMedia *, FfarmStream *stream) { stream->disposition = 1 << 17; }},
        {"a rotation past the circle", [](FfarmMedia *, FfarmStream *stream) { stream->rotation = 360; }},
        {"infinite frames a second",
         [](FfarmMedia *, FfarmStream *stream) { stream->fps = std::numeric_limits<double>::infinity(); }},
        {"no number", [](FfarmMedia *, FfarmStream *stream) { stream->mastering.red_x = std::nan(""); }},
        {"a codec with a line break",
         [](FfarmMedia *, FfarmStream *stream) {
             g_free(stream->codec);
             stream->codec = g_strdup("h264\n");
         }},
        {"a codec with an endless name",
         [](FfarmMedia *, FfarmStream *stream) {
             g_free(stream->codec);
             stream->codec = g_strnfill(WIRE_MOST_NAME + 1, 'x');
         }},
        {"a title that is no text",
         [](FfarmMedia *, FfarmStream *stream) {
             g_free(stream->title);
             stream->title = g_strdup("\xff\xfe");
         }},
        {"a negative length", [](FfarmMedia *media, FfarmStream *) { media->duration_us = -1; }},
        {"a problem of no kind",
         [](FfarmMedia *media, FfarmStream *) { ffarm_media_add_problem(media, FfarmProblemKind(200), "x"); }},
        {"a problem that plays with the terminal",
         [](FfarmMedia *media, FfarmStream *) { ffarm_media_add_problem(media, FFARM_PROBLEM_OPEN, "\033[2J"); }},
        {"too many streams",
         [](FfarmMedia *media, FfarmStream *) {
             for (int i = 0; i < MEDIA_WIRE_MOST_STREAMS; i++)
                 ffarm_media_add_stream(media, FFARM_STREAM_DATA);
         }},
        {"too many problems",
         [](FfarmMedia *media, FfarmStream *) {
             for (int i = 0; i < MEDIA_WIRE_MOST_PROBLEMS; i++)
                 ffarm_media_add_problem(media, FFARM_PROBLEM_OPEN, "x");
         }},
    };
    for (const auto &row : cases) {
        g_autoptr(FfarmMedia) media = NewMedia();
        row.spoil(media, static_cast<FfarmStream *>(g_ptr_array_index(media->streams, 1)));
        g_autoptr(GByteArray) bytes = Written(media);
        EXPECT_FALSE(Reads(bytes)) << row.what;
    }
}

TEST(MediaWire, AForgedCountTakesNoMemory)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    wire_put_u32(bytes, 0xfffffffe);
    WireReader reader = ReaderOf(bytes);
    g_autofree char *text = wire_take_text(&reader, WIRE_TEXT);
    EXPECT_EQ(text, nullptr);
    EXPECT_TRUE(reader.is_bad);
}

TEST(MediaWire, CutsEndlessTextAtACharacter)
{
    std::string text = std::string(WIRE_MOST_TEXT - 1, 'x') + "ü and more";
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    wire_put_text(bytes, text.c_str());
    WireReader reader = ReaderOf(bytes);
    g_autofree char *copy = wire_take_text(&reader, WIRE_TEXT);
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(std::string(copy), std::string(WIRE_MOST_TEXT - 1, 'x'));
    EXPECT_TRUE(wire_reader_is_done(&reader));
}

TEST(MediaWire, CarriesPackets)
{
    gsize n_fields;
    const WireField *fields = media_wire_packets_stream_fields(&n_fields);
    g_autoptr(FfarmPackets) packets = ffarm_packets_new();
    packets->has_all_cues = FALSE;
    packets->failure = g_strdup("Input/output error");
    packets->complaints = 3;
    packets->first_complaint = g_strdup("[matroska] something");
    for (int i = 0; i < 2; i++) {
        FfarmPacketsStream stream;
        Fill(&stream, fields, n_fields, i);
        stream.index = i;
        g_array_append_val(packets->streams, stream);
    }
    FfarmCue cue = {1, -70000, TRUE};
    g_array_append_val(packets->cues, cue);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_packets(bytes, packets);
    for (guint length = 0; length <= bytes->len; length++) {
        WireReader reader = {bytes->data, length, FALSE};
        g_autoptr(FfarmPackets) copy = media_wire_take_packets(&reader);
        EXPECT_EQ(copy != nullptr, length == bytes->len) << length;
        if (!copy)
            continue;
        EXPECT_STREQ(copy->failure, packets->failure);
        EXPECT_EQ(copy->complaints, 3u);
        EXPECT_EQ(ffarm_packets_peek(copy, 1)->end_us, ffarm_packets_peek(packets, 1)->end_us);
        ASSERT_EQ(copy->cues->len, 1u);
        EXPECT_EQ(g_array_index(copy->cues, FfarmCue, 0).stream, 1);
        EXPECT_EQ(g_array_index(copy->cues, FfarmCue, 0).start_us, -70000);
        EXPECT_TRUE(g_array_index(copy->cues, FfarmCue, 0).is_blank);
        EXPECT_FALSE(copy->has_all_cues);
    }
    g_array_index(packets->cues, FfarmCue, 0).stream = 2;
    g_byte_array_set_size(bytes, 0);
    media_wire_put_packets(bytes, packets);
    WireReader of_no_stream = ReaderOf(bytes);
    EXPECT_EQ(media_wire_take_packets(&of_no_stream), nullptr);
    g_array_set_size(packets->cues, 0);
    packets->reached_end = TRUE;
    g_byte_array_set_size(bytes, 0);
    media_wire_put_packets(bytes, packets);
    WireReader reader = ReaderOf(bytes);
    EXPECT_EQ(media_wire_take_packets(&reader), nullptr) << "at its end, and yet a failure";
}

TEST(MediaWire, CarriesWhatWasDecoded)
{
    gsize n_fields;
    const WireField *fields = media_wire_decoded_stream_fields(&n_fields);
    g_autoptr(FfarmDecoded) decoded = g_new0(FfarmDecoded, 1);
    decoded->streams = g_array_new(FALSE, FALSE, sizeof(FfarmDecodedStream));
    decoded->reached_end = TRUE;
    decoded->errors = 5;
    decoded->first_error = g_strdup("video stream 0 at 1.20 s: a damaged frame");
    FfarmDecodedStream stream;
    Fill(&stream, fields, n_fields, 0);
    g_array_append_val(decoded->streams, stream);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    media_wire_put_decoded(bytes, decoded);
    for (guint length = 0; length <= bytes->len; length++) {
        WireReader reader = {bytes->data, length, FALSE};
        g_autoptr(FfarmDecoded) copy = media_wire_take_decoded(&reader);
        EXPECT_EQ(copy != nullptr, length == bytes->len) << length;
        if (!copy)
            continue;
        EXPECT_STREQ(copy->first_error, decoded->first_error);
        EXPECT_EQ(ffarm_decoded_peek(copy, 0)->samples, stream.samples);
    }
}
