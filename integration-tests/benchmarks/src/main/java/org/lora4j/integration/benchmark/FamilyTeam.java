/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Encoders of all families: this library's training step and output, PyTorch's, and the products that neither can do without. */
final class FamilyTeam {

    private static final String OURS = "families";
    private static final String BOUND = "familiesBound";
    private static final String TORCH = "familiesTorch";
    private static final String MKL = "familiesTorchMkl";
    private static final String LORA = ".lora";
    private static final String OUTPUT = ".output";

    private static final double OF_BOUND = 1.4;
    /** Of DeBERTa's, whose scores have two more products. */
    private static final double OF_BOUND_RELATIVE = 1.8;

    private static final double STEP_OF_PYTORCH = 0.75;
    private static final double OUTPUT_OF_PYTORCH = 0.8;

    /** Makes the contenders of a family. */
    private interface Maker {
        List<Contender> of(PublishedEncoder family, Predicate<String> wanted) throws IOException;
    }

    private FamilyTeam() {}

    static List<Contender> ours(Predicate<String> wanted) throws IOException {
        return all(wanted, FamilyTeam::ours);
    }

    static List<Contender> bounds(Predicate<String> wanted) throws IOException {
        return all(
                wanted,
                (family, some) -> BoundTeam.contenders(
                        key -> some.test(key(BOUND, family, key.substring(key.indexOf('.')))),
                        family.form().products(),
                        key -> key(BOUND, family, key.substring(key.indexOf('.')))));
    }

    static List<Contender> torch(Predicate<String> wanted) throws IOException {
        return all(wanted, (family, some) -> TorchEncoder.contenders(key(TORCH, family, ""), family.form(), some));
    }

    static List<Contender> mkl(Predicate<String> wanted) throws IOException {
        List<Contender> contenders =
                all(wanted, (family, some) -> TorchEncoder.contenders(key(MKL, family, ""), family.form(), some));
        Team.requireMkl();
        return contenders;
    }

    private static List<Contender> all(Predicate<String> wanted, Maker maker) throws IOException {
        List<Contender> contenders = new ArrayList<>();
        for (PublishedEncoder family : PublishedEncoder.values()) {
            contenders.addAll(maker.of(family, wanted));
        }
        return contenders;
    }

    private static String key(String team, PublishedEncoder family, String what) {
        return team + "." + family.key() + what;
    }

    private static List<Contender> ours(PublishedEncoder family, Predicate<String> wanted) throws IOException {
        List<Contender> contenders = new ArrayList<>();
        String step = key(OURS, family, LORA);
        String output = key(OURS, family, OUTPUT);
        if (wanted.test(step) || wanted.test(output)) {
            EncoderWeights weights = family.weights();
            SameDiff graph = EncoderClassifier.create(weights, Pooling.MEAN, MiniLmBatch.CLASSES, MiniLmModels.SEED)
                    .graph();
            Map<String, INDArray> batch =
                    MiniLmBatch.of(family.form().vocabulary(), new SplittableRandom(MiniLmModels.SEED));
            if (wanted.test(step)) {
                contenders.add(TrainingSteps.of(
                        step,
                        family + ", LoRA on all linear layers",
                        MiniLmModels.adapted(graph, MiniLmModels.ALL_LINEAR).multipliedBy(EncoderTeam.products()),
                        batch,
                        1));
            }
            if (wanted.test(output)) {
                contenders.add(EncoderTeam.output(output, family + ", output", graph, batch, EncoderTeam.products()));
            }
        }
        return contenders;
    }

    /** The keys of everything about a family. */
    static List<String> keys(PublishedEncoder family) {
        List<String> keys = new ArrayList<>(bound(family));
        for (String team : List.of(OURS, TORCH, MKL)) {
            keys.addAll(List.of(key(team, family, LORA), key(team, family, OUTPUT)));
        }
        return keys;
    }

    private static List<String> bound(PublishedEncoder family) {
        return BoundTeam.ALL.stream()
                .filter(key -> key.startsWith("bound."))
                .map(key -> key(BOUND, family, key.substring(key.indexOf('.'))))
                .toList();
    }

    static List<Claim> claims() {
        List<Claim> claims = new ArrayList<>();
        for (PublishedEncoder family : PublishedEncoder.values()) {
            boolean relative = family == PublishedEncoder.DEBERTA || family == PublishedEncoder.DEBERTA_V3;
            claims.add(new Claim(
                    family + ", LoRA step / bound",
                    key(OURS, family, LORA),
                    bound(family),
                    relative ? OF_BOUND_RELATIVE : OF_BOUND));
            claims.add(new Claim(
                    family + ", LoRA step / fastest PyTorch's",
                    key(OURS, family, LORA),
                    List.of(key(TORCH, family, LORA), key(MKL, family, LORA)),
                    STEP_OF_PYTORCH));
            claims.add(new Claim(
                    family + ", output / fastest PyTorch's",
                    key(OURS, family, OUTPUT),
                    List.of(key(TORCH, family, OUTPUT), key(MKL, family, OUTPUT)),
                    OUTPUT_OF_PYTORCH));
        }
        return claims;
    }
}
