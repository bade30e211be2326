/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dossier.Dossier;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.dossier.Replay;
import org.lora4j.dossier.ReplayVerdict;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TinyEncoder;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.PreflightRule;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.buffer.DataType;

/** The examples of docs/trust.md. */
class GuideTrustTest {

    @TempDir
    private Path folder;

    @Test
    void everyRuleOfThePreflight_standsInTheTroubleshootingPage() throws Exception {
        String page = Files.readString(Path.of("../../docs/troubleshooting.md"));

        assertThat(PreflightRule.values()).allSatisfy(rule -> assertThat(page).contains("| `" + rule + "` |"));
    }

    @Test
    void example_leavesItsReceipt_andIsLoadedByAKey() throws Exception {
        Path directory = folder.resolve("task");
        List<LabeledText> train = TinyEncoder.reviews(24, 1);
        List<LabeledText> validation = TinyEncoder.reviews(12, 2);
        try (TextEncoder encoder = TinyEncoder.create()) {
            TextClassifier classifier = TextClassifier.builder(encoder).build();
            System.out.println(classifier.preview(train, 3));
            classifier.fit(train, validation).save(directory);
            Receipt receipt = Receipt.read(directory.resolve(Receipt.FILE));
            assertThat(receipt.data().get(Receipt.TRAIN).examples()).isEqualTo(24);

            TextClassifier.builder(encoder).allow(PreflightRule.NO_GRADIENT);

            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            PublicKey publicKey = keys.getPublic();
            ModelSignature.sign(directory, keys);
            ModelSignature.verify(directory, List.of(keys.getPublic()));
            TrustPolicy policy = TrustPolicy.usual().strict().trusting(publicKey);
            TextClassifier loaded = TextClassifier.load(directory, encoder.withTrust(policy));
            assertThat(loaded.receipt()).contains(receipt);

            Dossier.of(directory)
                    .license("apache-2.0")
                    .base("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
                    .dataset("acme/tickets", "cc-by-4.0")
                    .intendedUse("Routing tickets of customers to a department.")
                    .limit("English only.")
                    .findings(classifier.report().notes())
                    .signedBy(keys)
                    .write();
            assertThat(TextClassifier.load(directory, encoder.withTrust(policy)).receipt())
                    .contains(receipt);
            ReplayVerdict replayed = Replay.of(directory)
                    .run(folder -> TextClassifier.builder(encoder)
                            .build()
                            .fit(train, validation)
                            .save(folder));
            System.out.println(replayed);
            assertThat(replayed.outcome()).isEqualTo(ReplayVerdict.Outcome.SAME_BITS);

            classifier.save(directory);
            assertThat(directory.resolve(Dossier.BILL)).doesNotExist();
            assertThat(directory.resolve(ModelSignature.FILE)).doesNotExist();
        }
    }

    @Test
    void segments_ofARunWithAllItsCheckpoints_areTrainedAgain() throws Exception {
        Path kept = folder.resolve("kept");
        Path recorded = folder.resolve("recorded");
        List<LabeledText> train = TinyEncoder.reviews(24, 1);
        List<LabeledText> validation = TinyEncoder.reviews(12, 2);
        try (TextEncoder encoder = TinyEncoder.create()) {
            TextClassifier.builder(encoder)
                    .checkpoints(Checkpoints.in(kept).withEverySteps(1).withKeep(1000))
                    .build()
                    .fit(train, validation)
                    .save(recorded);
            ReplayVerdict some = Replay.of(recorded)
                    .segments(
                            kept,
                            3,
                            42,
                            (folder, checkpoints) -> TextClassifier.builder(encoder)
                                    .checkpoints(checkpoints)
                                    .build()
                                    .resume(train, validation)
                                    .save(folder));
            System.out.println(some.json());

            assertThat(some.outcome()).as(some.toString()).isEqualTo(ReplayVerdict.Outcome.SAME_BITS);
            assertThat(some.segments()).hasSize(3);
        }
    }

    @Test
    void trainerAlone_tellsWhatItFinds() {
        AdaptedSameDiff model = Lora.inject(
                EncoderClassifier.create(TinyEncoder.weights(DataType.FLOAT), Pooling.MEAN, 2, 1)
                        .graph(),
                LoraConfig.builder()
                        .rank(2)
                        .targetModules(ModuleSelector.allLinear())
                        .modulesToSave(EncoderClassifier.HEAD)
                        .build(),
                3);
        TrainingPlan plan =
                TrainingPlan.builder().epochs(1).optimizer(AdamW.of(1e-3)).build();
        List<TextExample> texts = List.of(new TextExample("good film", 0), new TextExample("bad film", 1));
        Batches batches = LengthBuckets.of(texts, TinyEncoder.tokenizer(), 2, 2).batches();
        Trainer trainer = Trainer.builder(model).plan(plan).build();
        trainer.preflight().require("my training");
        trainer.train(batches);

        assertThat(model.adapter("default").receipt()).isPresent();
    }

    @Test
    void gate_judgesACandidate() {
        List<String> truth = new ArrayList<>();
        List<String> inUse = new ArrayList<>();
        List<String> candidate = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            truth.add(i % 2 == 0 ? "a" : "b");
            inUse.add(i % 10 < 7 ? truth.get(i) : "c");
            candidate.add(i % 10 < 9 ? truth.get(i) : "c");
        }
        GateVerdict verdict = PromotionGate.usual()
                .judge(PairedResults.ofAnswers(truth, inUse, candidate)
                        .withScore("what the base knew", 0.91, 0.90)
                        .withCost("seconds of a request", 0.020, 0.021));
        System.out.println(verdict);

        assertThat(verdict.decision()).isEqualTo(GateVerdict.Decision.PROMOTE);
    }
}
