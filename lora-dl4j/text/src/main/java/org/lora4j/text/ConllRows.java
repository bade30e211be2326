/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Words and tags in lines, as the tasks of CoNLL had them (Tjong Kim Sang and De Meulder 2003). */
final class ConllRows {

    private static final Logger LOG = LoggerFactory.getLogger(TextTable.class);
    private static final Pattern SPACE = Pattern.compile("[\\t ]+");
    private static final Pattern COMMENT = Pattern.compile("#\\s.*=.*");
    private static final String DOCUMENT = "-DOCSTART-";
    private static final int MOST_LINES = 100;

    /** Tags of BIOES and BILOU: a single word begins an entity, its last word goes on with one. */
    private static final Map<Character, String> OTHERS = Map.of('S', "B", 'U', "B", 'E', "I", 'L', "I");

    private final List<LabeledWords> sentences = new ArrayList<>();
    private final List<String> words = new ArrayList<>();
    private final List<String> tags = new ArrayList<>();
    private final Problems problems = new Problems();
    /** Lines with tags that have no place in an entity, and how many have one. */
    private final Map<Integer, String> unplaced = new LinkedHashMap<>();

    private int placed;
    private int converted;

    private ConllRows() {}

    static List<LabeledWords> read(Path file, Charset charset) throws IOException {
        ConllRows rows = new ConllRows();
        try (BufferedReader text = RegularFile.text(file, "a file of words with tags", charset)) {
            int number = 0;
            for (String line = text.readLine(); line != null && !rows.problems.isFull(); line = text.readLine()) {
                rows.add(line, ++number);
            }
        } catch (CharacterCodingException e) {
            rows.problems.add("it is no text in " + charset + ", expected UTF-8");
        }
        rows.endSentence();
        if (rows.placed > 0) {
            rows.unplaced.forEach((number, tag) -> rows.problems.add("line " + number + " has the tag "
                    + MessageText.name(tag) + ", expected \"O\", \"B-type\" or \"I-type\" as in other lines"));
        }
        rows.problems.check(
                !rows.sentences.isEmpty() || !rows.problems.isEmpty(),
                "no words, expected a word and its tag in a line");
        if (!rows.problems.isEmpty()) {
            throw new ModelFormatException(rows.problems.message(file.toString())
                    + ". Each line has a word first and its tag last, and an empty line ends a sentence.");
        }
        if (rows.converted > 0) {
            LOG.info(
                    "TextTable.conll: {} has tags of BIOES or BILOU, {} of which became B- and I-",
                    MessageText.path(file),
                    rows.converted);
        }
        return List.copyOf(rows.sentences);
    }

    private void add(String line, int number) {
        if (line.isBlank() || line.startsWith(DOCUMENT)) {
            endSentence();
            return;
        }
        if (words.isEmpty() && COMMENT.matcher(line).matches()) {
            return;
        }
        String[] columns = SPACE.split(line.strip());
        if (columns.length < 2) {
            problems.add("line " + number + " is " + MessageText.name(line) + ", expected a word and its tag");
            return;
        }
        String tag = columns[columns.length - 1];
        if (TagScheme.hasPlace(tag)) {
            placed++;
        } else if (!TagScheme.isOutside(tag) && unplaced.size() < MOST_LINES) {
            unplaced.put(number, tag);
        }
        words.add(columns[0]);
        tags.add(inBio(tag));
    }

    /** The tag as BIO has it; another one as it is. */
    private String inBio(String tag) {
        String ours = TagScheme.hasPlace(tag) ? OTHERS.get(tag.charAt(0)) : null;
        converted += ours == null ? 0 : 1;
        return ours == null ? tag : ours + tag.substring(1);
    }

    private void endSentence() {
        if (!words.isEmpty()) {
            sentences.add(new LabeledWords(words, tags));
            words.clear();
            tags.clear();
        }
    }
}
