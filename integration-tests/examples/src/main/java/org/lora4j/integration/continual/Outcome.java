/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.continual;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.continual.ContinualTask;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.Route;
import org.lora4j.integration.datasets.LabeledText;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * What a strategy gave.
 *
 * @param name of the strategy
 * @param report with the task of each text known
 * @param routed share of all test texts told right at the end when the router says the task
 * @param anyHead share of all test texts told right at the end when the largest logit of all heads counts; NaN if no one graph
 *     has all heads
 * @param parameters how many numbers have to be kept beside the base
 * @param trainingSeconds duration of all training
 */
record Outcome(
        String name, ForgettingReport report, double routed, double anyHead, long parameters, double trainingSeconds) {

    static Outcome of(Strategy strategy, ForgettingReport report, List<Route> routes) {
        List<LabeledText> texts = new ArrayList<>();
        strategy.intents().tasks().forEach(task -> texts.addAll(task.test()));
        Map<SameDiff, Logits> whole = new HashMap<>();
        int routed = 0;
        int anyHead = 0;
        for (ContinualTask<LabeledText> task : strategy.intents().tasks()) {
            List<Integer> sent = new ArrayList<>();
            for (int i = 0; i < routes.size(); i++) {
                if (routes.get(i).task().equals(task.name())) {
                    sent.add(i);
                }
            }
            if (sent.isEmpty()) {
                continue;
            }
            Logits logits = Logits.of(
                    strategy.graph(task.name()),
                    strategy.inputs(),
                    strategy.intents().batches(sent.stream().map(texts::get).toList()));
            whole.put(strategy.graph(task.name()), logits);
            int from = strategy.from(task.name());
            for (int i = 0; i < sent.size(); i++) {
                int label = strategy.intents().classOf(texts.get(sent.get(i)));
                routed += logits.best(i, from, from + strategy.intents().classesOfTask()) == label ? 1 : 0;
                anyHead += logits.best(i) == label ? 1 : 0;
            }
        }
        return new Outcome(
                strategy.name(),
                report,
                (double) routed / texts.size(),
                whole.size() == 1 ? (double) anyHead / texts.size() : Double.NaN,
                strategy.parameters(),
                strategy.training().seconds());
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("strategy", name);
        json.put("averageAccuracy", report.averageAccuracy());
        json.put("learningAccuracy", report.learningAccuracy());
        json.put("backwardTransfer", report.backwardTransfer());
        json.put("forwardTransfer", report.forwardTransfer().orElseThrow());
        json.put("forgetting", report.averageForgetting());
        json.put("routed", routed);
        if (!Double.isNaN(anyHead)) {
            json.put("anyHead", anyHead);
        }
        json.put("parameters", parameters);
        json.put("trainingSeconds", trainingSeconds);
        return json;
    }

    static String heading() {
        return String.format(
                Locale.ROOT,
                "%-34s %7s %8s %6s %6s %7s %7s %8s %11s %7s",
                "strategy",
                "average",
                "learned",
                "BWT",
                "FWT",
                "forgot",
                "routed",
                "any head",
                "parameters",
                "seconds");
    }

    String row() {
        return String.format(
                Locale.ROOT,
                "%-34s %7.4f %8.4f %6.3f %6.3f %7.4f %7.4f %8s %,11d %7.0f",
                name,
                report.averageAccuracy(),
                report.learningAccuracy(),
                report.backwardTransfer(),
                report.forwardTransfer().orElseThrow(),
                report.averageForgetting(),
                routed,
                Double.isNaN(anyHead) ? "-" : String.format(Locale.ROOT, "%.4f", anyHead),
                parameters,
                trainingSeconds);
    }
}
