// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "sftp_file.h"
#include "sftp_packet.h"

#include <cstring>
#include <string>

TEST(SftpPacket, ReadsBackWhatItWrites)
{
    g_autoptr(GByteArray) packet = g_byte_array_new();
    sftp_packet_begin(packet, SFTP_OPEN);
    sftp_packet_put_u32(packet, 0x01020304);
    sftp_packet_put_u64(packet, G_GUINT64_CONSTANT(0x1122334455667788));
    sftp_packet_put_text(packet, "a\nb");
    sftp_packet_put_attributes(packet, 0700);
    sftp_packet_end(packet, 0);
    SftpReader reader = {packet->data, packet->len, FALSE};
    EXPECT_EQ(sftp_reader_u32(&reader), packet->len - 4);
    EXPECT_EQ(sftp_reader_u8(&reader), SFTP_OPEN);
    EXPECT_EQ(sftp_reader_u32(&reader), 0x01020304u);
    EXPECT_EQ(sftp_reader_u64(&reader), G_GUINT64_CONSTANT(0x1122334455667788));
    gsize length = 0;
    const guint8 *data = sftp_reader_data(&reader, &length);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(data), length), "a\nb");
    SftpAttributes attributes;
    sftp_reader_attributes(&reader, &attributes);
    EXPECT_TRUE(attributes.has_mode);
    EXPECT_FALSE(attributes.has_size);
    EXPECT_EQ(attributes.mode, 0700u);
    EXPECT_EQ(reader.left, 0u);
    EXPECT_FALSE(reader.is_short);
}

TEST(SftpPacket, NeverReadsBehindTheEnd)
{
    // Every beginning of a packet full of lengths that promise more than there is.
    guint8 bytes[64];
    memset(bytes, 0xff, sizeof bytes);
    for (gsize size = 0; size <= sizeof bytes; size++) {
        g_autofree guint8 *copy = static_cast<guint8 *>(g_memdup2(bytes, size));
        SftpReader reader = {copy, size, FALSE};
        SftpAttributes attributes;
        sftp_reader_attributes(&reader, &attributes);
        gsize length = 1;
        EXPECT_EQ(sftp_reader_data(&reader, &length), nullptr);
        EXPECT_EQ(length, 0u);
        EXPECT_TRUE(reader.is_short);
    }
}

namespace
{
// A file server that only says TEXT (in printf's escapes), whatever it is asked.
SftpClient *connect_to(const char *text, GError **error)
{
    const char *argv[] = {"sh", "-c", "printf \"$1\"; cat >/dev/null", "sh", text, nullptr};
    return sftp_client_new("box", argv, nullptr, error);
}

const std::string hello = "\\000\\000\\000\\005\\002\\000\\000\\000\\003";
} // namespace

TEST(SftpClient, RefusesWhatIsNoFileServer)
{
    for (const char *text : {"Welcome to this machine!\\n", "\\000\\000\\000\\000", "\\377\\377\\377\\377\\002",
                             "\\000\\000\\000\\005\\145\\000\\000\\000\\001"}) {
        g_autoptr(GError) error = nullptr;
        EXPECT_EQ(connect_to(text, &error), nullptr);
        EXPECT_TRUE(g_error_matches(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TRANSFER)) << text;
    }
}

TEST(SftpClient, SurvivesAServerThatAnswersNonsense)
{
    // A STATUS without a status, a NAME that promises a million names, an ATTRS that is cut off, a wild length.
    for (const char *answer : {"\\000\\000\\000\\005\\145\\000\\000\\000\\001",
                               "\\000\\000\\000\\011\\150\\000\\000\\000\\001\\000\\017\\377\\377",
                               "\\000\\000\\000\\011\\151\\000\\000\\000\\001\\000\\000\\000\\001",
                               "\\177\\377\\377\\377\\151\\000\\000\\000\\001"}) {
        g_autoptr(GError) error = nullptr;
        g_autoptr(SftpClient) client = connect_to((hello + answer).c_str(), &error);
        ASSERT_TRUE(client) << error->message;
        FfarmRemoteStat info = {};
        bool is_done = sftp_file_stat(client, "/x", &info, nullptr, &error);
        EXPECT_TRUE(is_done || error->domain == FFARM_REMOTE_ERROR);
        EXPECT_TRUE(!is_done || info.size_bytes == 0);
    }
}

namespace
{
// What a file server says, in printf's escapes, first once and then again and again.
SftpClient *connect_to_endless(const std::string &once, const std::string &again, GError **error)
{
    const char *script = "printf \"$1\"; i=3; while eval \"printf \\\"$2\\\"\"; do i=$((i+1)); done 2>/dev/null";
    const char *argv[] = {"sh", "-c", script, "sh", once.c_str(), again.c_str(), nullptr};
    return sftp_client_new("box", argv, nullptr, error);
}

void expect_refusal(const std::string &once, const std::string &again, const char *why)
{
    SCOPED_TRACE(why);
    g_autoptr(GError) error = nullptr;
    g_autoptr(SftpClient) client = connect_to_endless(hello + once, again, &error);
    ASSERT_TRUE(client) << error->message;
    gint64 start_us = g_get_monotonic_time();
    EXPECT_FALSE(sftp_file_remove_dir(client, "/x", nullptr, &error));
    ASSERT_NE(error, nullptr);
    EXPECT_TRUE(strstr(error->message, why)) << error->message;
    EXPECT_LT(g_get_monotonic_time() - start_us, 20 * G_USEC_PER_SEC);
}
} // namespace

TEST(SftpClient, EndsAServerThatNeverComesToAnEnd)
{
    // Answers that nobody asked for.
    expect_refusal("",
                   "\\000\\000\\000\\021\\145\\177\\000\\000\\001\\000\\000\\000\\000"
                   "\\000\\000\\000\\000\\000\\000\\000\\000",
                   "nobody asked");
    const std::string is_folder = "\\000\\000\\000\\015\\151\\000\\000\\000\\001"
                                  "\\000\\000\\000\\004\\000\\000\\100\\000";
    const std::string handle = "\\000\\000\\000\\012\\146\\000\\000\\000\\002\\000\\000\\000\\001h";
    // Folders full of names that don't count: 1000 in each answer; their numbers begin with 3.
    std::string names;
    for (int i = 0; i < 1000; i++)
        names += "\\000\\000\\000\\001.\\000\\000\\000\\000\\000\\000\\000\\000";
    const std::string number = "\\000\\000\\000\\\\$((i/64%4))$((i/8%8))$((i%8))";
    // 5 + 4 + 1000 * 13 = 13009
    expect_refusal(is_folder + handle, "\\000\\000\\062\\321\\150" + number + "\\000\\000\\003\\350" + names,
                   "too many");
    // A handle longer than the protocol allows.
    expect_refusal(is_folder + "\\000\\000\\001\\012\\146\\000\\000\\000\\002\\000\\000\\001\\001" +
                       std::string(257, 'h'),
                   "", "open the folder");
}

TEST(SftpClient, CanBeCancelledWhenNothingIsAnswered)
{
    g_autoptr(GError) error = nullptr;
    g_autoptr(SftpClient) client = connect_to(hello.c_str(), &error);
    ASSERT_TRUE(client) << error->message;
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GThread) canceller = g_thread_new(
        "canceller",
        [](gpointer data) -> gpointer {
            g_usleep(100000);
            g_cancellable_cancel(static_cast<GCancellable *>(data));
            return nullptr;
        },
        cancellable);
    gint64 start_us = g_get_monotonic_time();
    FfarmRemoteStat info = {};
    EXPECT_FALSE(sftp_file_stat(client, "/x", &info, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) << error->message;
    EXPECT_LT(g_get_monotonic_time() - start_us, 3 * G_USEC_PER_SEC);
    g_thread_join(static_cast<GThread *>(g_steal_pointer(&canceller)));
}
