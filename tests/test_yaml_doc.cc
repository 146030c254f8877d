// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include "yaml_doc.h"

namespace
{

// A document written out on one line, with what is wrong behind it.
std::string shown(const FfarmYamlNode *node)
{
    if (!node)
        return "nothing";
    if (node->kind == FFARM_YAML_NULL)
        return "null";
    if (node->kind == FFARM_YAML_TEXT)
        return std::string("'") + node->text + "'";
    std::string out = node->kind == FFARM_YAML_LIST ? "[" : "{";
    for (guint i = 0; i < node->items->len; i++) {
        out += i ? " " : "";
        out += shown(static_cast<FfarmYamlNode *>(node->items->pdata[i]));
        if (node->values)
            out += ":" + shown(static_cast<FfarmYamlNode *>(node->values->pdata[i]));
    }
    return out + (node->values ? "}" : "]");
}

std::string parsed(const std::string &text)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmYamlDoc) doc = ffarm_yaml_doc_parse("a.yml", text.data(), text.size(), diagnostics);
    std::string out = doc ? shown(ffarm_yaml_doc_root(doc)) : "";
    for (guint i = 0; i < diagnostics->items->len; i++) {
        const auto *diagnostic = static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[i]);
        out += " !" + std::to_string(diagnostic->line) + ":" + std::to_string(diagnostic->column) + " " +
               diagnostic->message;
    }
    return out;
}

// Where the value of `key` stands.
std::string place_of(const std::string &text, const char *key)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmYamlDoc) doc = ffarm_yaml_doc_parse("a.yml", text.data(), text.size(), diagnostics);
    const FfarmYamlNode *node = doc ? ffarm_yaml_peek(ffarm_yaml_doc_root(doc), key) : nullptr;
    return node ? std::to_string(node->line) + ":" + std::to_string(node->column) : "nowhere";
}

} // namespace

TEST(YamlDocParse, KeepsTextsAsTheyAreWritten)
{
    EXPECT_EQ(parsed("a: yes\nb: 08\nc: 1:30\nd: 0x10\ne: 1.50\n"),
              "{'a':'yes' 'b':'08' 'c':'1:30' 'd':'0x10' 'e':'1.50'}");
}

TEST(YamlDocParse, TellsNullsFromTextsInQuotes)
{
    EXPECT_EQ(parsed("a:\nb: ~\nc: null\nd: ''\ne: 'null'\nf: \"~\"\n"),
              "{'a':null 'b':null 'c':null 'd':'' 'e':'null' 'f':'~'}");
}

TEST(YamlDocParse, ReadsListsAndMapsInBothStyles)
{
    EXPECT_EQ(parsed("a: [1, {b: c}]\nd:\n- e\n-\n  f: g\n"), "{'a':['1' {'b':'c'}] 'd':['e' {'f':'g'}]}");
}

TEST(YamlDocParse, TakesABareTagForTheTextThatWasMeant)
{
    EXPECT_EQ(parsed("a: !hevc\nb: [!h264, x]\n"), "{'a':'!hevc' 'b':['!h264' 'x']}");
    EXPECT_EQ(parsed("a: !!str 5\n"), "{'a':'5'}");
    EXPECT_EQ(parsed("a: !x y\n"), " !1:4 '!x' is a tag, which means nothing here; put the value in quotes");
}

TEST(YamlDocParse, ResolvesAliases)
{
    EXPECT_EQ(parsed("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n"), "{'a':['1'] 'b':['1'] 'c':'2' 'd':'2'}");
}

TEST(YamlDocParse, RefusesAnAliasInsideOfItself)
{
    EXPECT_EQ(parsed("a: &x [*x]\n"), " !1:8 '*x' stands inside of what it refers to");
    EXPECT_EQ(parsed("&x a: *x\n"), "{'a':'a'}") << "a key is complete before its value";
}

TEST(YamlDocParse, MergesMapsUnderTheMapsOwnKeys)
{
    EXPECT_EQ(parsed("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n"), "{'a':{'x':'1' 'y':'2'} 'b':{'x':'3' 'y':'2'}}");
    EXPECT_EQ(parsed("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}\n"),
              "{'a':{'x':'1'} 'b':{'x':'2' 'y':'2'} 'c':{'z':'3' 'x':'1' 'y':'2'}}")
        << "the first of a list wins";
    EXPECT_EQ(parsed("a: &a {x: 1}\nb: &b {<<: *a}\nc: {<<: *b}\n"), "{'a':{'x':'1'} 'b':{'x':'1'} 'c':{'x':'1'}}");
    EXPECT_EQ(parsed("a: {'<<': b}\n"), "{'a':{'<<':'b'}}") << "in quotes it is a key like any other";
}

TEST(YamlDocParse, ReportsEveryKeyThatIsGivenTwiceAndKeepsTheFirst)
{
    EXPECT_EQ(parsed("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"),
              "{'a':'1' 'b':{'c':'1'}} !4:3 key 'c' is given twice, first in line 3 "
              "!5:1 key 'a' is given twice, first in line 1");
}

TEST(YamlDocParse, CountsCharactersAndAnyLineBreak)
{
    EXPECT_EQ(place_of("ä: ö\nkey: x\n", "key"), "2:6");
    EXPECT_EQ(place_of("äöü: {a: b}\nkey: x\n", "äöü"), "1:6");
    EXPECT_EQ(place_of("a: 1\r\n\r\nkey: x\r\n", "key"), "3:6");
    EXPECT_EQ(place_of("a: 1\rkey: x\r", "key"), "2:6");
    EXPECT_EQ(place_of("\xef\xbb\xbfkey: x\n", "key"), "1:6");
}

TEST(YamlDocParse, TakesTabsWhereYamlDoes)
{
    EXPECT_EQ(parsed("a: b\t# c\n\t\nx:\n  y: 1\t\n\t# d\n  z: |\n    t\n\t\n    u\n \t \n"),
              "{'a':'b' 'x':{'y':'1' 'z':'t\n\nu\n'}}");
    EXPECT_EQ(parsed("a:\n\tb: 1\n"),
              " !2:1 found character that cannot start any token while scanning for the next token; "
              "indent with spaces, not with tabs");
    EXPECT_EQ(place_of("a: 1\n\t\n\t# x\nkey: 2\n", "key"), "4:6") << "lines that were emptied still count";
}

TEST(YamlDocParse, FindsThePlaceOfABadByte)
{
    EXPECT_EQ(parsed("a: b\nää: \xff\n"), " !2:5 invalid leading UTF-8 octet");
}

TEST(YamlDocParse, BoundsWhatAliasesMultiply)
{
    std::string laughs = "a: &a [x, x]\n";
    for (char c = 'b'; c <= 'z'; c++)
        laughs += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) + "]\n";
    EXPECT_NE(parsed(laughs).find("the file holds more than 200000 values"), std::string::npos);
}

TEST(YamlDocParse, BoundsDepth)
{
    EXPECT_NE(parsed(std::string(64, '[') + std::string(64, ']')), "");
    EXPECT_EQ(parsed(std::string(65, '[') + std::string(65, ']')),
              " !1:65 lists and maps are nested more than 64 deep");
}

TEST(YamlDocParse, BoundsLength)
{
    EXPECT_NE(parsed(std::string((16 << 20) + 1, ' ')).find("is larger than 16 MiB"), std::string::npos);
}

TEST(YamlDocLine, GivesLinesAsTheyStand)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmYamlDoc) doc = ffarm_yaml_doc_parse("a.yml", "a: 1\r\n\t# x\n\nc: 2", 16, diagnostics);
    ASSERT_NE(doc, nullptr);
    const char *const lines[] = {"a: 1", "\t# x", "", "c: 2"};
    for (guint i = 0; i < 4; i++) {
        g_autofree char *line = ffarm_yaml_doc_line(doc, i + 1);
        EXPECT_STREQ(line, lines[i]);
    }
    EXPECT_EQ(ffarm_yaml_doc_line(doc, 0), nullptr);
    EXPECT_EQ(ffarm_yaml_doc_line(doc, 5), nullptr);
}

TEST(YamlPeek, FindsValuesOfMapsOnly)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmYamlDoc) doc = ffarm_yaml_doc_parse("a.yml", "a: [b]", 6, diagnostics);
    const FfarmYamlNode *list = ffarm_yaml_peek(ffarm_yaml_doc_root(doc), "a");
    ASSERT_NE(list, nullptr);
    EXPECT_EQ(ffarm_yaml_peek(ffarm_yaml_doc_root(doc), "b"), nullptr);
    EXPECT_EQ(ffarm_yaml_peek(list, "b"), nullptr);
}
