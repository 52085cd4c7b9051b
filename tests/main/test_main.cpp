// The main of every test program: Catch2's, and one more mode that tells ctest which cases there are.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

namespace {

/// The test case's name as a Catch2 test specification that matches it alone.
std::string specificationOf(std::string const& name) {
    std::string escaped = name.starts_with('-') ? "\\" : "";
    for (char character : name) {
        if (std::string_view("\\,[\"*~").find(character) != std::string_view::npos) escaped += '\\';
        escaped += character;
    }
    return escaped;
}

/// A CMake bracket argument: nothing in it is special, not even semicolons inside quotes.
std::string bracket(std::string const& text) { return "[==[" + text + "]==]"; }

/// Writes one add_test per test case. Arguments: FILE PREFIX FOLDER TIMEOUT LABELS, the labels with commas.
int writeCtest(Catch::IConfig const& config, char const* program, char** arguments) {
    std::string const prefix = arguments[1];
    std::string labels = arguments[4];
    for (char& character : labels) character = character == ',' ? ';' : character;

    std::ofstream out(arguments[0], std::ios::trunc);
    for (Catch::TestCase const& test : Catch::getAllTestCasesSorted(config)) {
        std::string all = labels;
        bool isLong = (";" + labels + ";").find(";long;") != std::string::npos;
        for (std::string const& tag : test.lcaseTags) {
            if (tag != "long" && tag != "noasan") continue;
            if (!all.empty()) all += ';';
            all += tag;
            isLong = isLong || tag == "long";
        }
        // Hidden cases that are no long tests are figures, run by name when somebody wants them.
        if (test.isHidden() && !isLong) continue;
        if (!isLong) all += all.empty() ? "fast" : ";fast";
        std::string const name = bracket(prefix + test.name);
        out << "add_test(" << name << ' ' << bracket(program) << ' ' << bracket(specificationOf(test.name))
            << " -w NoTests)\n"
            << "set_tests_properties(" << name << " PROPERTIES WORKING_DIRECTORY " << bracket(arguments[2])
            << " TIMEOUT " << arguments[3] << " LABELS " << bracket(all) << ")\n";
    }
    out.close();
    return out ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int count, char** arguments) {
    Catch::Session session;
    if (count == 7 && std::string_view(arguments[1]) == "--write-ctest") {
        return writeCtest(session.config(), arguments[0], arguments + 2);
    }
    return session.run(count, arguments);
}
