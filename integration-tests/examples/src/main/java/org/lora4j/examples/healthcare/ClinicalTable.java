/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.healthcare;

import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.advice.Advice;
import org.lora4j.config.BiasTraining;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.examples.Comparison;
import org.lora4j.examples.Draw;
import org.lora4j.examples.Example;
import org.lora4j.examples.LogisticRegression;
import org.lora4j.examples.Patient;
import org.lora4j.examples.TableNetwork;
import org.lora4j.integration.demonstration.Outputs;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.Schedule;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.tribuo.Prediction;
import org.tribuo.classification.Label;

/**
 * A stand-in for a network that moves to another hospital: it learned from the mean of ten measures of cell nuclei, and is adapted to
 * the worst of the same measures with few patients. No patient is on two sides, whatever the columns.
 */
final class ClinicalTable {

    // Of the patients: up to here known by their means; adapted to; for baselines to choose by; the rest is the test.
    private static final double KNOWN = 0.4;
    private static final double ADAPTED = 0.55;
    private static final double HELD = 0.6;
    private static final int EPOCHS = 60;
    private static final int BATCH = 16;
    private static final double RATE = 1e-2;

    private final Example example;
    private final List<Patient> patients;
    private final Comparison accuracy;

    ClinicalTable(Example example, List<Patient> patients) {
        this.example = example;
        this.patients = patients;
        this.accuracy = new Comparison("clinical table (a stand-in)", "accuracy", example.seed());
    }

    void run() throws IOException {
        for (long seed : example.seeds()) {
            learn(seed);
        }
        example.table(accuracy);
    }

    private static List<Patient> share(List<Patient> all, double from, double to) {
        return all.subList((int) (from * all.size()), (int) (to * all.size()));
    }

    private static List<String> labels(List<Patient> patients) {
        return patients.stream().map(Patient::label).toList();
    }

    private void learn(long seed) throws IOException {
        List<Patient> drawn = Draw.some(patients, patients.size(), seed);
        List<Patient> base = share(drawn, 0, KNOWN);
        List<Patient> few = share(drawn, KNOWN, ADAPTED);
        List<Patient> held = share(drawn, ADAPTED, HELD);
        List<Patient> test = share(drawn, HELD, 1);
        float[][] learned = Patient.rows(base, Patient::mean, base);
        float[][] adapted = Patient.rows(few, Patient::worst, base);
        float[][] chosenBy = Patient.rows(held, Patient::worst, base);
        float[][] asked = Patient.rows(test, Patient::worst, base);
        float[][] before = Patient.rows(test, Patient::mean, base);
        List<String> truth = labels(test);
        List<String> names = test.stream()
                .map(patient -> "patient " + patients.indexOf(patient))
                .toList();
        example.say(
                "clinical table: %d patients known by their means, %d new ones by their worst, %d to test",
                base.size(), few.size(), test.size());

        TableNetwork network =
                TableNetwork.fresh(Patient.MEASURES, Patient.LABELS, seed).fit(learned, labels(base), EPOCHS);
        INDArray untouched = network.probabilities(before);
        List<String> asItIs = network.predict(asked);
        List<String> adaptedLabels = labels(few);
        accuracy.add("network as it is", Comparison.hits(truth, asItIs), names);
        LogisticRegression columns = LogisticRegression.fit(adapted, adaptedLabels, chosenBy, labels(held));
        accuracy.add("logistic regression on the columns", Comparison.hits(truth, columns.predict(asked)), names);
        LogisticRegression head =
                LogisticRegression.fit(network.hidden(adapted), adaptedLabels, network.hidden(chosenBy), labels(held));
        accuracy.add("frozen network, new head", Comparison.hits(truth, head.predict(network.hidden(asked))), names);
        LoraModel<Label> model = LoraTrainer.builder(BaseNetwork.of(network.network()), new LabelConverter())
                .inputs(new DenseInputConverter(Patient.MEASURES))
                // Other columns are shifted as a whole, which is what biases are for.
                .spec(LoraSpec.of(LoraConfig.builder()
                        .rank(4)
                        .alpha(8)
                        .targetModules(ModuleSelector.allLinear())
                        .bias(BiasTraining.ADAPTED_ONLY)
                        .build()))
                .learningRate(RATE)
                .schedule(Schedule.LINEAR)
                .batchSize(BATCH)
                .epochs(EPOCHS)
                .seed(seed)
                .build()
                .train(network.data(adapted, adaptedLabels, "worst columns of " + few.size() + " patients"));
        List<Prediction<Label>> predictions =
                model.predict(network.data(asked, truth, "worst columns of the patients of the test"));
        List<String> byLora =
                predictions.stream().map(one -> one.getOutput().getLabel()).toList();
        accuracy.add(Comparison.LORA, Comparison.hits(truth, byLora), names);
        TableNetwork full = network.copy().fit(adapted, adaptedLabels, EPOCHS);
        accuracy.add("full fine-tuning", Comparison.hits(truth, full.predict(asked)), names);

        if (!Outputs.sameBits(network.probabilities(before), untouched)) {
            throw new IllegalStateException("the network changed; expected the answers that it gave before.");
        }
        PairedResults results = PairedResults.ofAnswers(truth, asItIs, byLora);
        double known = rightShare(truth, network.predict(before));
        GateVerdict verdict = gate(results, known, known);
        example.say("gate: %s", verdict);
        example.say(
                "gate, if all weights had learned: %s",
                gate(
                        PairedResults.ofAnswers(truth, asItIs, full.predict(asked)),
                        known,
                        rightShare(truth, full.predict(before))));
        page(model, truth, predictions, verdict);
    }

    private static GateVerdict gate(PairedResults results, double before, double after) {
        return PromotionGate.usual().judge(results.withScore("accuracy on the means", before, after));
    }

    private void page(
            LoraModel<Label> model, List<String> truth, List<Prediction<Label>> predictions, GateVerdict verdict)
            throws IOException {
        example.receipt("clinical-table", model.receipt().orElseThrow());
        Path provenance = example.folder().resolve("clinical-table.provenance.txt");
        Files.writeString(provenance, ProvenanceUtil.formattedProvenanceString(model.getProvenance()));
        example.say("provenance: %s", provenance);
        Advice.Answer answer =
                verdict.decision() == GateVerdict.Decision.PROMOTE ? Advice.Answer.GOOD : Advice.Answer.CONSIDER;
        example.page(
                "clinical-table",
                TrainingReport.of(model.training().orElseThrow())
                        .withTitle("Clinical table, a stand-in: a network moves to other columns")
                        .with(new Advice(
                                "may it take the place of the network",
                                answer,
                                verdict.sentence(),
                                Map.of("gain", verdict.gain(), "low", verdict.low(), "high", verdict.high())))
                        .with(PredictedLabels.of(truth, scores(predictions)))
                        .with(model.receipt().orElseThrow())
                        .withSettings(Map.of("must not be used for", HealthcareExample.NOT_FOR)));
    }

    private static List<Map<String, Double>> scores(List<Prediction<Label>> predictions) {
        return predictions.stream()
                .map(one -> one.getOutputScores().entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, entry -> entry.getValue().getScore())))
                .toList();
    }

    private static double rightShare(List<String> truth, List<String> given) {
        return Arrays.stream(Comparison.hits(truth, given)).average().orElseThrow();
    }
}
