#include "relay/v1_key_book.hpp"

#include <gtest/gtest.h>

namespace tp::relay {
namespace {

using names = std::vector<std::string>;
using linked = v1_key_book::linked;

std::string said(const std::string* found) { return found == nullptr ? "nobody" : *found; }

TEST(v1_key_book, a_node_is_found_by_its_key_and_by_the_one_before) {
  v1_key_book book(10);
  EXPECT_EQ(book.link("k1", "a"), linked::anew);
  EXPECT_EQ(book.link("k1", "a"), linked::as_before);
  EXPECT_EQ(book.link("k2", "a"), linked::anew);
  EXPECT_EQ(said(book.key_of("a")), "k2");
  EXPECT_EQ(said(book.peer_of("k1")), "a");
  EXPECT_EQ(book.link("k3", "a"), linked::anew);
  EXPECT_EQ(said(book.peer_of("k1")), "nobody");
  EXPECT_EQ(said(book.peer_of("k2")), "a");
  book.unlink("a");
  EXPECT_EQ(said(book.peer_of("k2")), "nobody");
  EXPECT_EQ(said(book.key_of("a")), "nobody");
}

TEST(v1_key_book, nobody_takes_the_key_of_another) {
  v1_key_book book(10);
  book.link("k1", "a");
  EXPECT_EQ(book.link("k1", "b"), linked::taken_by_another);
  EXPECT_EQ(said(book.peer_of("k1")), "a");
  book.unlink("a");
  EXPECT_EQ(book.link("k1", "b"), linked::anew);
}

TEST(v1_key_book, an_address_finds_what_it_was_given_first_and_others_after) {
  v1_key_book book(10);
  for (const std::string peer : {"a", "b", "c", "d", "e", "f"}) book.link("key of " + peer, peer);
  EXPECT_EQ(book.candidates("x"), (names{"a", "b", "c", "d"}));
  book.remember("x", "e");
  book.remember("x", "f");
  book.remember("x", "e");
  EXPECT_EQ(book.candidates("x"), (names{"e", "f", "a", "b"}));
  EXPECT_EQ(book.candidates("y"), (names{"a", "b", "c", "d"}));
  EXPECT_EQ(book.handed_before("x"), "e");
  EXPECT_EQ(book.handed_before("y"), "");
  book.unlink("e");
  EXPECT_EQ(book.handed_before("x"), "f");
  EXPECT_EQ(book.candidates("x"), (names{"f", "a", "b", "c"}));
}

TEST(v1_key_book, nodes_take_turns) {
  v1_key_book book(10);
  EXPECT_TRUE(book.in_turn().empty());
  book.link("k1", "a");
  book.link("k2", "b");
  EXPECT_EQ(book.in_turn(), (names{"a", "b"}));
  EXPECT_EQ(book.in_turn(), (names{"b", "a"}));
  EXPECT_EQ(book.in_turn(), (names{"a", "b"}));
}

TEST(v1_key_book, the_address_that_asked_longest_ago_is_forgotten) {
  v1_key_book book(2);
  book.link("k1", "a");
  book.link("k2", "b");
  book.remember("x", "b");
  book.remember("y", "b");
  book.remember("x", "b");
  book.remember("z", "b");
  EXPECT_EQ(book.addresses(), 2U);
  EXPECT_EQ(book.candidates("x").front(), "b");
  EXPECT_EQ(book.candidates("y").front(), "a");
}

}  // namespace
}  // namespace tp::relay
