/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.types.StructType;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.Problems;
import org.lora4j.internal.parts.SharedParts;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTask;
import org.lora4j.text.TextTaskBuilder;

/**
 * What tasks over texts share: their base, and how settings become those of the plain trainer.
 *
 * @param <E> an example
 * @param <I> an input
 */
abstract class TextRowTask<E, I> implements RowTask<TextEncoder, E, I> {

    private static final long serialVersionUID = 1;

    @Override
    public final TextEncoder named(String name) throws IOException {
        return TextEncoder.named(name);
    }

    @Override
    public final TextEncoder open(Path path) throws IOException {
        return TextEncoder.load(path);
    }

    @Override
    public void checkTraining(TableColumns columns, ParamValues settings) {
        columns.require("textCol", settings.text("textCol"), texts());
        if (settings.has("labelCol")) {
            columns.require("labelCol", settings.text("labelCol"), labels());
        }
        if (settings.names("weightCol")) {
            columns.require("weightCol", settings.text("weightCol"), TableColumns.Kind.NUMBER);
        }
    }

    /** Whether the texts can be cut as asked, and the adapter be put in and learn. */
    @Override
    public final void rehearseTraining(
            TextEncoder base, ParamValues settings, Facts facts, StructType schema, Problems problems)
            throws IOException {
        DriverCheck.into(problems, () -> withLength(base, settings, encoder -> encoder.maxLength()));
        if (settings.flag("headOnly")) {
            return;
        }
        DriverCheck.into(problems, () -> {
            LoraConfig config = adapter(settings);
            AdaptedSameDiff model =
                    AdaptedSameDiff.of(EncoderClassifier.create(base.weights(), base.pooling(), 2, settings.seed())
                            .graph());
            model.addAdapter(AdaptedModel.DEFAULT_ADAPTER, config, settings.seed());
            model.activate(AdaptedModel.DEFAULT_ADAPTER);
            List<String> unreached = model.modulesWithoutGradient();
            problems.check(
                    unreached.isEmpty(),
                    "no gradient can reach " + Problems.quoted(unreached)
                            + ", as nothing reads what they give, expected other targetModules");
            return model;
        });
    }

    /** What the column of texts holds. */
    TableColumns.Kind texts() {
        return TableColumns.Kind.TEXT;
    }

    /** What the column of labels holds. */
    abstract TableColumns.Kind labels();

    @Override
    public List<String> trainingColumns(ParamValues settings) {
        List<String> columns = new ArrayList<>();
        for (String column : List.of("textCol", "labelCol", "weightCol")) {
            if (settings.names(column)) {
                columns.add(settings.text(column));
            }
        }
        return columns;
    }

    @Override
    public String modelKey(ParamValues settings) {
        return "maxTokenLen " + settings.count("maxTokenLen");
    }

    @Override
    public void checkPrediction(TableColumns columns, ParamValues settings) {
        columns.require("textCol", settings.text("textCol"), texts());
    }

    /** Gives a builder of the plain trainer what the stage was given; 0 stands for what the builder has by itself. */
    static void configure(TextTaskBuilder<?, ?> builder, ParamValues settings, Site site) {
        builder.seed(settings.seed()).quiet();
        site.others()
                .ifPresent(others ->
                        builder.view(model -> model.executedBy(executor -> new SharedParts(executor, others))));
        site.checkpoints().ifPresent(builder::checkpoints);
        site.listeners().forEach(builder::listener);
        if (settings.has("gradientParts") && settings.count("gradientParts") > 0) {
            builder.plan(plan -> plan.parts(settings.count("gradientParts")));
        }
        builder.adapter(adapter(settings));
        if (settings.flag("headOnly")) {
            builder.headOnly();
        }
        if (settings.count("epochs") > 0) {
            builder.epochs(settings.count("epochs"));
        }
        if (settings.count("patience") > 0) {
            builder.patience(settings.count("patience"));
        }
        if (settings.count("batchSize") > 0) {
            builder.batchSize(settings.count("batchSize"));
        }
        if (settings.number("learningRate") > 0) {
            builder.learningRate(settings.number("learningRate"));
        }
        if (settings.number("validationFraction") >= 0) {
            builder.validationFraction(settings.number("validationFraction"));
        }
    }

    private static LoraConfig adapter(ParamValues settings) {
        List<String> targets = settings.texts("targetModules");
        return LoraConfig.builder()
                .rank(settings.count("rank"))
                .alpha(settings.number("alpha"))
                .dropout(settings.number("dropout"))
                .baseModelName(settings.text("checkpoint"))
                .targetModules(targets.isEmpty() ? ModuleSelector.allLinear() : ModuleSelector.suffixes(targets))
                .build();
    }

    /** Learns; where steps were written down, from there. */
    static <E> void fit(TextTask<?, E, ?, ?, ?> task, List<E> train, List<E> validation, Site site) {
        if (site.checkpoints().isEmpty()) {
            if (validation.isEmpty()) {
                task.fit(train);
            } else {
                task.fit(train, validation);
            }
        } else if (validation.isEmpty()) {
            task.resume(train);
        } else {
            task.resume(train, validation);
        }
    }

    /** What is done with the base cut to the length that the stage asks for. */
    interface Use<T> {
        T of(TextEncoder encoder) throws IOException;
    }

    /** Does it, and closes what was made for it. */
    static <T> T withLength(TextEncoder base, ParamValues settings, Use<T> use) throws IOException {
        if (settings.count("maxTokenLen") == 0) {
            return use.of(base);
        }
        try (TextEncoder cut = base.withMaxLength(settings.count("maxTokenLen"))) {
            return use.of(cut);
        }
    }
}
