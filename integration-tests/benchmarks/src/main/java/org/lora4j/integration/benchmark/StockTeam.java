/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.pretrained.EncoderClassifier;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What SameDiff does by itself on the same model and batch. */
final class StockTeam {

    static final String FULL_FIT = "stock.fullFit";
    static final String FULL_SESSION = "stock.fullSession";
    static final String LORA_FIT = "stock.loraFit";
    static final String OUTPUT = "stock.output";

    /** A session of its own for each call of {@code fit}: enough steps that starting it does not matter. */
    private static final int STEPS_PER_FIT = 3;

    private static final int STEPS = 2;

    private StockTeam() {}

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        MiniLmModels models = new MiniLmModels();
        Map<String, INDArray> batch = models.batch();
        List<Contender> contenders = new ArrayList<>();
        if (wanted.test(FULL_FIT) || wanted.test(FULL_SESSION)) {
            StockSteps full = StockSteps.full(models.own(), batch);
            String size = String.format(Locale.ROOT, "(%,d parameters)", full.parameters());
            if (wanted.test(FULL_FIT)) {
                contenders.add(fit(FULL_FIT, "stock SameDiff full fine-tuning, fit, step " + size, full));
            }
            if (wanted.test(FULL_SESSION)) {
                String label = "stock SameDiff full fine-tuning, bare session, step " + size;
                contenders.add(Contender.timed(FULL_SESSION, label, STEPS, full::step));
            }
        }
        if (wanted.test(LORA_FIT)) {
            StockSteps lora = StockSteps.of(
                    MiniLmModels.adapted(models.shared(), MiniLmModels.ALL_LINEAR)
                            .graph(),
                    batch);
            String label = String.format(
                    Locale.ROOT,
                    "stock SameDiff LoRA on all linear layers, fit, step (%,d parameters)",
                    lora.parameters());
            contenders.add(fit(LORA_FIT, label, lora));
        }
        if (wanted.test(OUTPUT)) {
            SameDiff base = models.shared();
            contenders.add(Contender.timed(
                    OUTPUT,
                    "stock session, base, output",
                    STEPS,
                    () -> base.output(batch, EncoderClassifier.LOGITS).values().forEach(INDArray::close)));
        }
        return contenders;
    }

    private static Contender fit(String key, String label, StockSteps steps) {
        return new Contender(key, label, () -> {
            Turn all = Turn.of(() -> steps.fit(STEPS_PER_FIT));
            return Collections.nCopies(
                    STEPS_PER_FIT, new Turn(all.seconds() / STEPS_PER_FIT, all.cpuSeconds() / STEPS_PER_FIT));
        });
    }
}
