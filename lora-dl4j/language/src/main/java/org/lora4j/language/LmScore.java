/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.sampling.Logits;
import org.lora4j.internal.language.training.TokenRow;

/** Loss per token, by a decode session: no more than a few rows of logits at a time, and nothing computed for padding. */
final class LmScore {

    private static final int SIDE_BY_SIDE = 16;

    private final Map<String, Sum> sums = new LinkedHashMap<>();

    private static final class Sum {
        private long tokens;
        private double loss;

        LmEvaluation mean(Map<String, LmEvaluation> kinds) {
            return new LmEvaluation(tokens, loss / tokens, kinds);
        }
    }

    private LmScore() {}

    static LmEvaluation of(CausalLm model, List<TokenRow> rows) {
        LmScore score = new LmScore();
        try (DecodeSession session = model.session()) {
            for (int from = 0; from < rows.size(); from += SIDE_BY_SIDE) {
                score.add(session, rows.subList(from, Math.min(rows.size(), from + SIDE_BY_SIDE)));
            }
        }
        return score.evaluation();
    }

    private LmEvaluation evaluation() {
        Sum all = new Sum();
        Map<String, LmEvaluation> kinds = new LinkedHashMap<>();
        sums.forEach((kind, sum) -> {
            all.tokens += sum.tokens;
            all.loss += sum.loss;
            kinds.put(kind, sum.mean(Map.of()));
        });
        return all.mean(kinds.size() == 1 ? Map.of() : kinds);
    }

    private void add(DecodeSession session, List<TokenRow> rows) {
        int[] sequences = rows.stream()
                .mapToInt(row -> session.add(ActingAdapters.NUMBER))
                .toArray();
        // Of what comes before the first target only the keys and values are needed.
        int[] read = rows.stream().mapToInt(row -> row.firstTarget() - 1).toArray();
        for (int i = 0; i < sequences.length; i++) {
            if (read[i] > 0) {
                session.feed(
                        new int[] {sequences[i]},
                        new int[][] {Arrays.copyOf(rows.get(i).ids(), read[i])});
            }
        }
        int[][] scored = new int[sequences.length][];
        for (int i = 0; i < sequences.length; i++) {
            TokenRow row = rows.get(i);
            scored[i] = Arrays.copyOfRange(row.ids(), read[i], row.length() - 1);
        }
        session.score(sequences, scored, (sequence, position, logits) -> {
            TokenRow row = rows.get(indexOf(sequences, sequence));
            if (row.labels()[position + 1] != DecoderInputs.IGNORED) {
                Sum sum = sums.computeIfAbsent(row.kind(), kind -> new Sum());
                sum.tokens++;
                sum.loss -= Logits.logProbability(logits, row.ids()[position + 1]);
            }
        });
        Arrays.stream(sequences).forEach(session::remove);
    }

    private static int indexOf(int[] sequences, int sequence) {
        int i = 0;
        while (sequences[i] != sequence) {
            i++;
        }
        return i;
    }
}
