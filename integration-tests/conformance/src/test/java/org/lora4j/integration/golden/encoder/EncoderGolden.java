/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.golden.encoder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.integration.golden.lm.LmCase;
import org.lora4j.integration.golden.lm.TokenizerCases;

/**
 * Checks the golden cases of encoders: prints a line for each and {@code N passed, N failed, N unsupported} at the end.
 */
public final class EncoderGolden {

    private EncoderGolden() {}

    /**
     * Runs all cases. Ends with status 1 if one fails or there are none.
     *
     * @param args the folder of fixtures; the folder that a relative one starts from
     */
    public static void main(String[] args) {
        Locale.setDefault(Locale.ROOT);
        try {
            List<LmCase> cases = cases(Path.of(args[1]).resolve(args[0]), EncoderGolden::print);
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
            System.err.println("encoder-golden: " + e);
            System.exit(1);
        }
    }

    private static void print(LmCase one) {
        System.out.println(one.outcome() + " " + one.name() + (one.detail().isEmpty() ? "" : ": " + one.detail()));
    }

    /** All cases of a folder of fixtures, each given to a consumer as soon as it is known. */
    static List<LmCase> cases(Path fixtures, Consumer<LmCase> done) throws IOException {
        List<LmCase> cases = new ArrayList<>();
        Consumer<LmCase> each = one -> {
            cases.add(one);
            done.accept(one);
        };
        MalformedEncoders.run(fixtures, each);
        BucketCases.run(fixtures, each);
        TokenizerCases.run(fixtures.resolve("tokenizers")).forEach(each);
        EncoderCases.run(fixtures, each);
        return cases;
    }
}
