// tenon completion: what a shell needs to complete the command line, made from the verbs themselves.
#include <fmt/format.h>

#include <map>

#include "checks.h"
#include "failure.h"
#include "help.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

struct Words {
  std::string path;  // "backends info"
  std::vector<std::string> verbs, flags;
  std::vector<std::string> value_flags;  // of the flags, those that take a value
  // Of those, and by the verb itself ("") for what has no flag: what can be chosen.
  std::map<std::string, std::vector<std::string>> choices;
};

void Collect(const CLI::App& app, const std::string& path, std::vector<Words>& out) {
  Words words{path, {}, {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    std::vector<std::string> names;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    words.flags.insert(words.flags.end(), names.begin(), names.end());
    if (option->get_items_expected_max() == 0) continue;
    words.value_flags.insert(words.value_flags.end(), names.begin(), names.end());
    const std::vector<std::string> choices = ChoicesOf(*option);
    if (choices.empty()) continue;
    if (names.empty()) words.verbs.insert(words.verbs.end(), choices.begin(), choices.end());
    for (const std::string& name : names) words.choices[name] = choices;
  }
  const std::vector<const CLI::App*> verbs =
      app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* verb : verbs) words.verbs.push_back(verb->get_name());
  out.push_back(std::move(words));
  for (const CLI::App* verb : verbs)
    Collect(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name(), out);
}

// Completes verbs, flags, and files where neither fits; asks the program for backends after -b.
std::string Bash(const std::vector<Words>& all) {
  std::string cases, choices;
  for (const Words& words : all) {
    for (const auto& [flag, values] : words.choices) {
      choices +=
          fmt::format("    '{} {}') choices='{}' ;;\n", words.path, flag, fmt::join(values, " "));
    }
    cases += fmt::format("    '{}') verbs='{}' flags='{}' valued='{}' ;;\n", words.path,
                         fmt::join(words.verbs, " "), fmt::join(words.flags, " "),
                         fmt::join(words.value_flags, " "));
  }
  return R"bash(# bash completion of tenon: source <(tenon completion bash)
_tenon_words() {
  case $1 in
)bash" + cases +
         R"bash(    *) verbs= flags= valued= ;;
  esac
}
_tenon_choices() {
  case $1 in
)bash" + choices +
         R"bash(    *) choices= ;;
  esac
}
_tenon() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= verbs flags valued choices word i
  _tenon_words ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ " $verbs " == *" $word "* ]]; then
      path=${path:+$path }$word
      _tenon_words "$path"
    fi
  done
  COMPREPLY=()
  local words=$flags head=
  case $previous in
    -b | --backends)
      # The first column, without its title and without what was refused.
      words=$("${COMP_WORDS[0]}" backends list 2>/dev/null | sed '1d; /^[^ ]* *refused: /d; s/ .*//')
      if [[ $current == *[,+]* ]]; then
        word=${current##*[,+]}
        head=${current%"$word"}
        current=$word
      fi ;;
    *)
      _tenon_choices "$path $previous"
      if [[ -n $choices ]]; then
        words=$choices
      elif [[ $previous == -* && " $valued " == *" $previous "* ]]; then
        words=
      elif [[ $current != -* ]]; then
        words=$verbs
      fi ;;
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -P "$head" -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _tenon tenon
)bash";
}

// zsh runs bash's completion by its own bashcompinit.
std::string Zsh(const std::vector<Words>& all) {
  return "#compdef tenon\n# zsh completion of tenon: source <(tenon completion zsh)\n"
         "autoload -Uz compinit bashcompinit\n"
         "(( $+functions[compdef] )) || compinit\nbashcompinit\n" +
         Bash(all);
}

}  // namespace

void AddCompletion(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("completion", "Prints the completion script of a shell");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->type_name("SHELL")
      ->check(OneOf({"bash", "zsh"}));
  verb->footer("Example: source <(tenon completion bash)");
  verb->callback([shell, &app, &action] {
    action = [shell, &app] {
      std::vector<Words> words;
      Collect(app, "", words);
      fmt::print("{}", *shell == "bash" ? Bash(words) : Zsh(words));
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace tenon::tools
