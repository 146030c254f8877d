// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdlib>
#include <gtest/gtest.h>

// A skip is shown (77), and is a failure where the machine is meant to have everything (FFARM_NO_SKIP).
int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    int status = RUN_ALL_TESTS();
    int skipped = testing::UnitTest::GetInstance()->skipped_test_count();
    if (status == 0 && skipped > 0)
        return std::getenv("FFARM_NO_SKIP") ? 1 : 77;
    return status;
}
