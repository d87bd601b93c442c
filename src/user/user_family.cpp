#include "omg/user_family.hpp"

#include <cctype>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "user/family_module.hpp"
#include "user/shared_object.hpp"

namespace omg {

namespace {

/// my_family → MyFamily
std::string type_named(std::string_view name) {
  std::string out;
  bool first = true;
  for (const char c : name) {
    if (c != '_') out += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    first = c == '_';
  }
  return out;
}

bool is_name(std::string_view name) {
  if (name.empty() || std::isalpha(static_cast<unsigned char>(name[0])) == 0) return false;
  for (const char c : name)
    if (c != '_' && std::isalnum(static_cast<unsigned char>(c)) == 0) return false;
  return true;
}

}  // namespace

std::shared_ptr<const UserFamily> load_user_family(const std::filesystem::path& header, std::string_view name,
                                                   const Place& place) {
  if (!is_name(name))
    throw Error(place,
                fmt::format("found the family \"{}\"; the name of a family of your own is made of letters, digits "
                            "and _, such as my_family for the type omg::MyFamily",
                            name));
  std::ifstream in(header, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    throw Error(place,
                fmt::format("cannot read {}; expected is a header, relative to the study file", header.string()));

  auto out = std::make_shared<UserFamily>();
  out->name = name;
  out->type = type_named(name);
  out->file = std::filesystem::absolute(header);
  out->text = std::move(text).str();
  // The text itself, so that it decides the key of the cache; messages name the user's file and line.
  const std::string source = fmt::format(
      "#include \"user/family_module.hpp\"\n"
      "#line 1 \"{}\"\n{}\n#line 1 \"{} ({})\"\n"
      "extern \"C\" __attribute__((visibility(\"default\"))) const omg::FamilyModule* omg_family_module() {{\n"
      "  static const omg::FamilyModule module = omg::module_of<omg::{}>();\n"
      "  return &module;\n"
      "}}\n",
      out->file.string(), out->text, out->file.string(), "as a family", out->type);
  const std::string subject = "the family " + header.string();
  out->library = load_compiled(source, subject, place);
  const auto module = reinterpret_cast<const FamilyModule* (*)()>(symbol_of(out->library.get(), "omg_family_module"));
  out->module = module();
  const FamilyHost& host = out->module->host;
  if (host.entry.name != name)
    throw Error(place,
                fmt::format("{} calls itself \"{}\", the study calls it \"{}\"", subject, host.entry.name, name));
  if (host.solved || host.labels)
    throw Error(place, fmt::format("{} has no closed form of its minimiser (solved, labels); a family of your own must "
                                   "have one, or know it (knows_minimiser)",
                                   subject));
  return out;
}

std::vector<Parameter> parameters_of(const UserFamily& family) {
  const auto& parameters = family.module->host.parameters;
  return {parameters.begin(), parameters.end()};
}

}  // namespace omg
