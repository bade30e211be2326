/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.host.Loss;
import org.lora4j.train.AdamOptimizer;
import org.lora4j.train.AdamW;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.LoraFa;
import org.lora4j.train.Optimizer;
import org.lora4j.train.ParameterGroup;
import org.lora4j.train.SgdOptimizer;
import org.lora4j.train.TrainingPlan;

/**
 * How PEFT trained the adapter of a case.
 *
 * @param about the content of {@code case.json}
 */
record TrainingRecipe(JsonNode about) {

    private static final Pattern CLIP_FIELD = Pattern.compile("clip|max_(grad_)?norm");
    private static final Pattern CLIP = Pattern.compile(
            "(?:clip|max_norm|max norm)[^0-9|;]*([0-9]+(?:\\.[0-9]+)?(?:e-?[0-9]+)?)", Pattern.CASE_INSENSITIVE);

    private static final Set<String> OFF = Set.of("amsgrad", "maximize", "dampening");

    /** Whether the optimizer is one of PyTorch's own, or made of one, or LoRA-FA. */
    static boolean isKnown(JsonNode about) {
        return text(about).matches("(?s)((lora\\+ over )?(sgd|adamw?)|lora-fa)\\b.*");
    }

    private static String text(JsonNode about) {
        return about.path("optimizer").asText().toLowerCase(Locale.ROOT).strip();
    }

    Loss loss() throws UnsupportedAdapterVersionException {
        return switch (isOfAdaLora() ? "mse" : about.path("loss").asText()) {
            case "mse" -> Loss.MEAN_SQUARED_ERROR;
            case "ce" -> Loss.CROSS_ENTROPY;
            default -> throw new UnsupportedAdapterVersionException("training with the loss " + about.path("loss"));
        };
    }

    /** Its cases say in their notes what the others have in fields. */
    private boolean isOfAdaLora() {
        return about.has("nonzero_E");
    }

    int steps() {
        return isOfAdaLora()
                ? about.path("nonzero_E").size()
                : about.path("steps").asInt();
    }

    /** The plan, for parameters whose keys in the file are known by name. */
    TrainingPlan plan(Map<String, String> keys) throws UnsupportedAdapterVersionException {
        if (isOfAdaLora()) {
            JsonNode group = about.path("param_groups").path(0);
            return TrainingPlan.builder()
                    .steps(steps())
                    .optimizer(
                            group.has("lr")
                                    ? optimizer(group, group.get("lr").asDouble())
                                    : new SgdOptimizer(0.05, 0, false, 0))
                    .decayBiasAndNorm(true)
                    .build();
        }
        List<Integer> groups = groupsWithParameters();
        int first = groups.get(0);
        TrainingPlan.Builder plan = TrainingPlan.builder()
                .steps(steps())
                .optimizer(optimizer(about.path("param_groups").get(first), highestRate(first)))
                .decayBiasAndNorm(true);
        // Behind the optimizer, which may be one that leaves parameters out and is refused by name.
        requireGroups(keys, groups);
        // Groups of ours go by the names of factors, which are the same in every host.
        if (text(about).contains("lora+")) {
            JsonNode settings = about.path("param_groups");
            double fast = settings.get(2).path("lr").asDouble();
            plan.decayBiasAndNorm(false)
                    .loraPlus(
                            fast / settings.get(0).path("lr").asDouble(),
                            settings.get(1).path("lr").asDouble());
            groups = List.of(first);
        }
        for (int group : groups.subList(1, groups.size())) {
            JsonNode settings = about.path("param_groups").get(group);
            Set<String> members = members(group);
            plan.group(ParameterGroup.where("group " + group, parameter -> members.contains(keys.get(parameter.name())))
                    .withLearningRate(highestRate(group))
                    .withWeightDecay(settings.path("weight_decay").asDouble()));
        }
        double highest = highestRate(first);
        plan.schedule((step, epoch, total) -> rate((int) step, first) / highest);
        OptionalDouble clip = clip();
        if (clip.isPresent()) {
            plan.clipping(GradientClipping.byGlobalNorm(clip.getAsDouble()));
        }
        return plan.build();
    }

    /**
     * Keys of a group's parameters as the file has them: PEFT names a saved module's live copy {@code modules_to_save}, and
     * leaves that out of the file.
     */
    private Set<String> members(int group) {
        Set<String> members = new HashSet<>();
        for (String name :
                GoldenCase.strings(about.path("param_groups").get(group).path("params"))) {
            members.add(name.replaceAll("\\.modules_to_save(\\.default)?(?=\\.)", ""));
        }
        return members;
    }

    private void requireGroups(Map<String, String> keys, List<Integer> groups) {
        Set<String> without = new TreeSet<>(keys.values());
        // LoRA-FA leaves A as it is, and out of its groups.
        without.removeIf(key -> text(about).matches(".*lora-?fa.*") && key.contains(".lora_A."));
        groups.forEach(group -> without.removeAll(members(group)));
        if (!without.isEmpty()) {
            throw new IllegalStateException("no group of the case has " + without);
        }
    }

    private List<Integer> groupsWithParameters() throws UnsupportedAdapterVersionException {
        List<Integer> groups = new ArrayList<>();
        JsonNode all = about.path("param_groups");
        for (int i = 0; i < all.size(); i++) {
            if (!all.get(i).path("params").isEmpty()) {
                groups.add(i);
            }
        }
        if (groups.isEmpty()) {
            throw new UnsupportedAdapterVersionException("training without param_groups in case.json");
        }
        for (int step = 0; step < steps(); step++) {
            for (int group : groups) {
                int first = groups.get(0);
                double expected = rate(step, first) / highestRate(first) * highestRate(group);
                if (Math.abs(rate(step, group) - expected) > 1e-9 * highestRate(group)) {
                    throw new UnsupportedAdapterVersionException(
                            "training with another schedule for each group of parameters");
                }
            }
        }
        return groups;
    }

    private double rate(int step, int group) {
        JsonNode rates = about.path("lr_per_step_and_group");
        return rates.has(step)
                ? rates.get(step).get(group).asDouble()
                : about.path("param_groups").get(group).path("lr").asDouble();
    }

    private double highestRate(int group) {
        double highest = 0;
        for (int step = 0; step < steps(); step++) {
            highest = Math.max(highest, rate(step, group));
        }
        return highest;
    }

    private Optimizer optimizer(JsonNode group, double rate) throws UnsupportedAdapterVersionException {
        String text = text(about);
        for (String option : OFF) {
            if (group.path(option).asDouble() != 0 || group.path(option).asBoolean()) {
                throw new UnsupportedAdapterVersionException("training with " + option + " = " + group.path(option));
            }
        }
        double decay = group.path("weight_decay").asDouble();
        if (text.matches(".*lora-?fa.*") && group.has("scaling_factor")) {
            return new LoraFa(
                    rate,
                    group.path("betas").get(0).asDouble(),
                    group.path("betas").get(1).asDouble(),
                    group.path("eps").asDouble(),
                    decay);
        }
        boolean other = text.matches(".*(lora-?fa|riemann).*");
        if (!other && group.has("momentum")) {
            return new SgdOptimizer(
                    rate,
                    group.path("momentum").asDouble(),
                    group.path("nesterov").asBoolean(),
                    decay);
        }
        if (!other && group.has("betas") && text.contains("adam")) {
            double beta1 = group.path("betas").get(0).asDouble();
            double beta2 = group.path("betas").get(1).asDouble();
            double epsilon = group.path("eps").asDouble();
            return text.contains("adamw")
                    ? new AdamW(rate, beta1, beta2, epsilon, decay)
                    : new AdamOptimizer(rate, beta1, beta2, epsilon, decay);
        }
        throw new UnsupportedAdapterVersionException(
                "training with the optimizer \"" + about.path("optimizer").asText() + "\"");
    }

    /** A norm under a name that tells of clipping, or in the words of the optimizer, the features or the notes. */
    private OptionalDouble clip() {
        for (Map.Entry<String, JsonNode> field : about.properties()) {
            if (CLIP_FIELD.matcher(field.getKey()).find() && field.getValue().isNumber()) {
                return OptionalDouble.of(field.getValue().asDouble());
            }
        }
        // Every case has notes that say which gradients are those before clipping.
        String notes = about.path("notes").asText().replaceAll("\\([^)]*before clipping[^)]*\\)", "");
        Matcher words = CLIP.matcher(
                String.join(" | ", text(about), String.join(" | ", GoldenCase.strings(about.path("features"))), notes));
        return words.find() ? OptionalDouble.of(Double.parseDouble(words.group(1))) : OptionalDouble.empty();
    }
}
