/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The papers of {@code docs/references.md}, and what of a text cites one otherwise than it is there. */
final class Bibliography {

    private static final Pattern ID = Pattern.compile("arXiv[: ] ?(\\d{4}\\.\\d{4,5})");
    private static final Pattern AUTHORS_AND_YEAR =
            Pattern.compile("(et al\\.?|\\p{Lu}[\\p{L}'-]*\\p{Ll}),? \\(?((?:19|20)\\d\\d)(?![\\d.-]| x )");
    /** Words before a year that are no authors. */
    private static final Pattern DATE = Pattern.compile(
            "Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|(?:Janu|Febru)ary|March|April|August|(?:Septem|Octo|Novem|Decem)ber");

    private static final int FEWEST_LETTERS = 4;

    private final List<Paper> papers;
    private final Set<Paper> cited = new LinkedHashSet<>();

    /** A row of the page. */
    record Paper(List<String> names, List<String> authors, boolean others, String year, String title, String id) {

        /** The ways to write its authors. */
        Set<String> spellings() {
            int last = authors.size() - 1;
            Set<String> spellings = new LinkedHashSet<>();
            if (others || last >= 2) {
                spellings.add(authors.get(0) + " et al.");
            }
            if (!others) {
                spellings.add(String.join(", ", authors));
            }
            if (!others && last >= 1) {
                spellings.add(String.join(", ", authors.subList(0, last)) + " and " + authors.get(last));
            }
            return spellings;
        }

        boolean isWrittenBy(String before) {
            return spellings().stream()
                    .anyMatch(spelling -> before.endsWith(spelling)
                            && (before.length() == spelling.length()
                                    || !Character.isLetter(before.charAt(before.length() - spelling.length() - 1))));
        }

        /** How much of a text is the name or the title, or the first words of it; -1 if it starts otherwise. */
        int titleIn(String text) {
            int longest = -1;
            for (String spelling : titles()) {
                int same = 0;
                while (same < Math.min(spelling.length(), text.length())
                        && fold(spelling.charAt(same)) == fold(text.charAt(same))) {
                    same++;
                }
                boolean some = same == spelling.length() || same >= FEWEST_LETTERS;
                if (some && text.substring(same).matches("(?s)|\\s*[,.;)(].*")) {
                    longest = Math.max(longest, same);
                }
            }
            return longest;
        }

        private List<String> titles() {
            List<String> titles = new ArrayList<>(names);
            titles.add(title);
            titles.add(title.replace("&", "and"));
            return titles;
        }

        private static char fold(char c) {
            return Character.toLowerCase(c);
        }
    }

    private Bibliography(List<Paper> papers) {
        this.papers = papers;
    }

    /** Reads rows of name, authors with year, title, link. */
    static Bibliography of(List<String> lines) {
        return new Bibliography(lines.stream()
                .map(line -> line.split("\\|", -1))
                .filter(cells -> cells.length == 6 && cells[2].matches(".* \\d{4} "))
                .map(cells -> paper(cells[1].strip(), cells[2].strip(), cells[3].strip(), cells[4]))
                .toList());
    }

    private static Paper paper(String names, String authors, String title, String link) {
        Matcher id = Pattern.compile("\\[([\\d.]+)\\]\\(https://arxiv.org/abs/\\1\\)")
                .matcher(link);
        String people = authors.substring(0, authors.length() - 5);
        return new Paper(
                List.of(names.split(", ")),
                List.of(people.replace(" et al.", "").split(", | and ")),
                people.endsWith(" et al."),
                authors.substring(authors.length() - 4),
                title,
                id.find() ? id.group(1) : "");
    }

    List<Paper> papers() {
        return papers;
    }

    /** Those that no text cited that was read so far. */
    List<Paper> uncited() {
        return papers.stream().filter(paper -> !cited.contains(paper)).toList();
    }

    /** The citations of a text that the page does not have so. */
    List<String> mistakes(String raw) {
        String text = plain(raw);
        List<String> mistakes = new ArrayList<>();
        Matcher id = ID.matcher(text);
        while (id.find()) {
            number(id.group(1), text.substring(0, id.start())).ifPresent(mistakes::add);
        }
        Matcher year = AUTHORS_AND_YEAR.matcher(text);
        while (year.find()) {
            if (!DATE.matcher(year.group(1)).matches()) {
                authors(text, year).ifPresent(mistakes::add);
            }
        }
        return mistakes;
    }

    private Optional<String> number(String id, String before) {
        Optional<Paper> paper =
                papers.stream().filter(one -> one.id().equals(id)).findFirst();
        paper.ifPresent(cited::add);
        if (paper.isEmpty()) {
            return Optional.of("arXiv " + id + " is not on the page");
        }
        String words = before.replaceFirst("[,(\\s]+$", "");
        return papers.stream()
                .filter(other -> !other.equals(paper.get()))
                .filter(other -> other.names().stream().anyMatch(name -> words.endsWith(" " + name)))
                .filter(other -> paper.get().names().stream().noneMatch(words::endsWith))
                .filter(other -> !words.toLowerCase(Locale.ROOT)
                        .endsWith(paper.get().title().toLowerCase(Locale.ROOT)))
                .map(other -> "arXiv " + id + " is " + paper.get().title() + ", not " + other.names())
                .findFirst();
    }

    private Optional<String> authors(String text, Matcher year) {
        String before = text.substring(0, year.end(1));
        String citation = text.substring(Math.max(0, year.start() - 30), Math.min(text.length(), year.end() + 60));
        List<Paper> written = papers.stream()
                .filter(paper -> paper.year().equals(year.group(2)) && paper.isWrittenBy(before))
                .toList();
        if (written.isEmpty()) {
            return Optional.of("no paper of these authors and this year is on the page: " + citation);
        }
        String behind = text.substring(year.end());
        List<Paper> meant = written.stream()
                .filter(paper -> hasTitleAndNumber(paper, behind))
                .toList();
        cited.addAll(meant);
        return meant.isEmpty()
                ? Optional.of(citation + " ... on the page: "
                        + written.stream()
                                .map(paper -> paper.title() + ", arXiv " + paper.id())
                                .collect(Collectors.joining("; ")))
                : Optional.empty();
    }

    /** Whether the title and the number that follow the year directly, if any do, are those of a paper. */
    private static boolean hasTitleAndNumber(Paper paper, String behind) {
        if (!behind.startsWith(", ")) {
            return true;
        }
        String rest = behind.substring(2);
        int title = paper.titleIn(rest);
        if (title < 0 && rest.matches("(?s)(?!CC)(?!ICLR)[\\p{Lu}\\d].*")) {
            return false;
        }
        Matcher id = ID.matcher(rest.substring(Math.max(0, title)).replaceFirst("^, ", ""));
        return !id.lookingAt() || id.group(1).equals(paper.id());
    }

    /** Without markup; links to arXiv spelled out; a title between authors and year is put behind the year. */
    private static String plain(String text) {
        return text.replaceAll("</?(?:i|em)>|\\*", "\"")
                .replaceAll("<[^>]*>|\\{@code |[`}\\[]", "")
                .replaceAll("\\]\\(https://arxiv\\.org/abs/([\\d.]+)\\)", ", arXiv $1")
                .replaceAll("\\s+", " ")
                .replaceAll(",? \"([^\"]+)\",? ((?:19|20)\\d\\d)", " $2, $1")
                .replace("\"", "");
    }

    /** The paragraphs and rows of a page, without what is in fences. */
    static List<String> units(List<String> markdown) {
        StringBuilder units = new StringBuilder();
        boolean code = false;
        for (String line : markdown) {
            code ^= line.strip().startsWith("```");
            units.append(code ? "" : line).append(line.startsWith("|") || line.isBlank() ? "\n" : " ");
        }
        return Arrays.asList(units.toString().split("\n"));
    }
}
