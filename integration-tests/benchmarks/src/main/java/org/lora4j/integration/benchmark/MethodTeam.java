/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.Lora;
import org.lora4j.config.AdapterConfig;
import org.lora4j.integration.methods.MethodChoice;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.train.Trainable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A training step of every method on MiniLM, on the same modules as far as the method has them. */
final class MethodTeam {

    private static final String LORA = "LoRA";
    private static final int STEPS = 2;
    private static final int RANK = MiniLmModels.RANK;
    private static final int HIDDEN = 384;
    private static final int WIDE = 4 * HIDDEN;
    private static final double TOKENS = (double) MiniLmBatch.ROWS * MiniLmBatch.LENGTH;

    /** Of methods that touch nothing but rows, and of those whose weight is formed in few operations. */
    private static final double LIGHT = 1.25;
    /** Of measured time by counted operations. */
    private static final double BY_OPERATIONS = 1.5;

    private static final List<String> LIGHT_METHODS =
            List.of("IA3", "LN tuning", "VeRA", "MiSS", "RoAD", "SHiRA", "LoHa", "LoKr");

    /** Multiplications and additions of a module of so many inputs and outputs, forwards and backwards. */
    private interface Operations {
        double of(double inputs, double outputs);
    }

    /** What a method adds to the two products of a frozen module. */
    private static final Map<String, Operations> ADDED = Map.of(
            LORA,
            (in, out) -> thin(RANK, in, out),
            // The lengths of W + B A, from products with the thin factors.
            "DoRA",
            (in, out) -> thin(RANK, in, out) + 2 * (RANK + 1) * in * out,
            // And A A', B' B for the penalty.
            "AdaLoRA",
            (in, out) -> thin(1.5 * RANK, in, out) + 4 * 2.25 * RANK * RANK * (in + out),
            // The gradient of the weight, and B A forwards and backwards.
            "HiRA",
            (in, out) -> TOKENS * 2 * in * out + 6 * RANK * in * out,
            // Blocks of 32 inputs are turned; backwards the gradients of inputs and of turns.
            "OFT",
            (in, out) -> TOKENS * 6 * 32 * in,
            // Each reflection takes a product and an update; backwards twice that.
            "HRA",
            (in, out) -> TOKENS * 12 * RANK * in);

    private MethodTeam() {}

    private static double thin(double rank, double in, double out) {
        return TOKENS * 6 * rank * (in + out);
    }

    /** The operations of all modules by those of LoRA; what is around the modules is left out, which is hard on the method. */
    private static double operations(String method) {
        return all(ADDED.get(method)) / all(ADDED.get(LORA));
    }

    private static double all(Operations added) {
        return 4 * module(added, HIDDEN, HIDDEN) + module(added, HIDDEN, WIDE) + module(added, WIDE, HIDDEN);
    }

    private static double module(Operations added, double in, double out) {
        return TOKENS * 4 * in * out + added.of(in, out);
    }

    static String key(String method) {
        return "methods." + method.replace(" ", "");
    }

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        MiniLmModels models = new MiniLmModels();
        Map<String, INDArray> batch = models.batch();
        SameDiff base = models.shared();
        List<Contender> contenders = new ArrayList<>();
        for (MethodChoice method : MethodChoice.ALL) {
            String key = key(method.name());
            if (wanted.test(key)) {
                contenders.add(new Contender(key, method.name() + ", step", () -> turns(base, method, batch)));
            }
        }
        return contenders;
    }

    /** Of a fresh model, as all of them at once would need twenty times the memory; its first step makes the plan. */
    private static List<Turn> turns(SameDiff base, MethodChoice method, Map<String, INDArray> batch) {
        AdapterConfig config = method.forSteps(Integer.MAX_VALUE / 2)
                .modulesToSave(EncoderClassifier.HEAD)
                .build();
        Trainable model = Lora.inject(base, config, MiniLmModels.SEED)
                .multipliedBy(EncoderTeam.products())
                .inParallel(Turn.THREADS);
        List<Turn> turns = TrainingSteps.run(model, batch, STEPS + 1);
        return turns.subList(1, turns.size());
    }

    static List<Claim> claims() {
        List<Claim> claims = new ArrayList<>();
        LIGHT_METHODS.forEach(
                method -> claims.add(Claim.atMost("step, " + method + " / LoRA", key(method), key(LORA), LIGHT)));
        for (String method : List.of("DoRA", "AdaLoRA", "HiRA", "OFT", "HRA")) {
            double counted = operations(method);
            claims.add(Claim.atMost(
                    String.format(Locale.ROOT, "step, %s / LoRA (operations %.2f)", method, counted),
                    key(method),
                    key(LORA),
                    BY_OPERATIONS * counted));
        }
        return claims;
    }
}
