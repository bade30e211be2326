/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.tongues;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lora4j.examples.DataFile;
import org.lora4j.examples.Example;
import org.lora4j.integration.datasets.Declaration;
import org.lora4j.text.TextEncoder;

/**
 * Languages and articles of the Universal Declaration of Human Rights.
 *
 * <p>Arguments: those of {@link Example}, the scripts to learn from with commas between them, how many languages of each, and
 * how many percent of the paragraphs to sort into articles (50).
 */
public final class TonguesExample {

    private static final DataFile DECLARATIONS = new DataFile(
            "udhr",
            "udhr.tsv.gz",
            "bebdaf01266bdfe0095b28e10682a4a5b16627baeba8590f3698a96294212a4d",
            "github.com/wooorm/udhr, and may not be part of this repository");

    private static final int LONGEST = 64;

    private TonguesExample() {}

    /**
     * Runs the example.
     *
     * @param args as of {@link Example}, then scripts, languages and percent
     */
    public static void main(String[] args) {
        Example.main("example-tongues", args, TonguesExample::run);
    }

    private static void run(Example example) throws IOException {
        Optional<Path> file = example.data(DECLARATIONS);
        if (file.isEmpty()) {
            return;
        }
        List<Declaration> declarations = Declaration.read(file.get());
        example.say(
                "%d languages, %d of them paragraph by paragraph as in English",
                declarations.size(),
                declarations.stream().filter(one -> !one.parallel().isEmpty()).count());
        Set<String> scripts = Stream.of(
                        example.argument(0, "LATIN,CYRILLIC,ARABIC,DEVANAGARI").split(","))
                .map(name -> Character.UnicodeScript.forName(name.strip()).name())
                .collect(Collectors.toSet());
        int most = example.number(1, "tongues.languages", 1, 25);
        int percent = example.number(2, "tongues.percent", 1, 50);
        try (TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST)) {
            new Languages(example, encoder, declarations, scripts, most).run();
            new Articles(example, encoder, declarations, percent).run();
        }
    }
}
