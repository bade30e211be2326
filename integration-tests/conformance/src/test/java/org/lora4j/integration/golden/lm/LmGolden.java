/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.lm;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Checks the golden cases of language models: prints a line for each and {@code N passed, N failed, N unsupported} at the
 * end.
 */
public final class LmGolden {

    /** A kind of cases. */
    private interface Kind {
        List<LmCase> run(Path fixtures) throws IOException;
    }

    private static final List<Kind> KINDS = List.of(
            MalformedCases::run,
            DecoderCases::run,
            GenerationCases::run,
            fixtures -> SamplingCases.run(fixtures.resolve("sampling")),
            fixtures -> TokenizerCases.run(fixtures.resolve("tokenizers")),
            fixtures -> ChatCases.run(fixtures.resolve("chat")));

    private LmGolden() {}

    /**
     * Runs all cases. Ends with status 1 if one fails or there are none.
     *
     * @param args the folder of fixtures; the folder that a relative one starts from
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            List<LmCase> cases = cases(Path.of(args[1]).resolve(args[0]));
            cases.forEach(each -> System.out.println(
                    each.outcome() + " " + each.name() + (each.detail().isEmpty() ? "" : ": " + each.detail())));
            Map<LmCase.Outcome, Integer> counts = new EnumMap<>(LmCase.Outcome.class);
            cases.forEach(each -> counts.merge(each.outcome(), 1, Integer::sum));
            System.out.printf(
                    Locale.ROOT,
                    "%d passed, %d failed, %d unsupported%n",
                    counts.getOrDefault(LmCase.Outcome.PASSED, 0),
                    counts.getOrDefault(LmCase.Outcome.FAILED, 0),
                    counts.getOrDefault(LmCase.Outcome.UNSUPPORTED, 0));
            System.exit(cases.isEmpty() || counts.containsKey(LmCase.Outcome.FAILED) ? 1 : 0);
        } catch (IOException e) {
            System.err.println("lm-golden: " + e);
            System.exit(1);
        }
    }

    /** All cases of a folder of fixtures. */
    static List<LmCase> cases(Path fixtures) throws IOException {
        List<LmCase> cases = new ArrayList<>();
        for (Kind kind : KINDS) {
            cases.addAll(kind.run(fixtures));
        }
        return cases;
    }
}
