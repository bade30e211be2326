/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.error.MessageText;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.ExportReport;
import org.lora4j.export.GgufAdapterExport;
import org.lora4j.export.GgufExport;
import org.lora4j.export.GgufType;
import org.lora4j.export.LoraExport;
import org.lora4j.export.OnnxExport;
import org.lora4j.language.CausalLm;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.weights.ModelWeights;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j convert}. */
final class ConvertCommand extends SimpleCommand {

    private static final List<String> FORMS = List.of("peft", "lora", "gguf", "gguf-adapter", "onnx", "huggingface");

    ConvertCommand() {
        super(
                "convert",
                "lora4j convert model/ --to lora --rank 8 --out plain/",
                "lora4j convert writer/ --to gguf --type q8_0 --out gguf/",
                "lora4j convert model/ --to peft --type f16 --out small/");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "MODEL", "a model that lora4j train wrote, an adapter, or a base"));
        spec.addOption(CliCommand.option("--to", "FORM", String.join(", ", FORMS)));
        spec.addOption(CliCommand.option("--type", "TYPE", "f32, f16, bf16; of gguf f32, f16, q8_0 [f32]"));
        spec.addOption(CliCommand.integer("--rank", "N", "rank of plain LoRA that stands for another method"));
        AdapterOutput.describe(spec);
        SettingFlags.describe(spec, Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        String form = call.text("--to")
                .orElseThrow(() -> CliException.usage("--to is missing: one of " + String.join(", ", FORMS)));
        Path model = call.pathArgument(0, "MODEL");
        CliSettings settings = SettingFlags.read(call);
        AdapterOutput out = AdapterOutput.of(call);
        switch (form) {
            case "peft" -> {
                Adapter adapter = Adapter.load(model);
                out.write(staging -> adapter.save(staging, storage(call)));
                told(call, out, Optional.empty());
            }
            case "lora" -> lora(call, settings, model, out);
            case "gguf" -> gguf(call, settings, model, out);
            case "gguf-adapter" -> {
                GgufAdapterExport export = GgufAdapterExport.of(base(call, settings), Adapter.load(model))
                        .type(gguf(call, GgufType.F32));
                export(call, out, export::write);
            }
            case "onnx" -> onnx(call, settings, model, out);
            case "huggingface" -> huggingFace(call, settings, model, out);
            default ->
                throw CliException.usage(
                        "--to " + MessageText.name(form) + ": expected one of " + String.join(", ", FORMS));
        }
        return ExitCode.OK;
    }

    private static Path base(Call call, CliSettings settings) {
        String name = settings.text(Setting.BASE)
                .orElseThrow(
                        () -> CliException.usage("--base is missing: the directory of the model below the adapter"));
        return Bases.find(name, call.environment()).directory();
    }

    private static StorageType storage(Call call) {
        return LanguageLearner.choice("--type", call.text("--type").orElse("f32"), StorageType.values());
    }

    private static GgufType gguf(Call call, GgufType initial) {
        return LanguageLearner.choice(
                "--type", call.text("--type").orElse(initial.name().toLowerCase(Locale.ROOT)), GgufType.values());
    }

    private static void lora(Call call, CliSettings settings, Path model, AdapterOutput out) throws IOException {
        if (call.integer("--rank").isEmpty()) {
            export(call, out, LoraExport.of(Adapter.load(model)).type(storage(call))::write);
            return;
        }
        int rank = call.integer("--rank").getAsInt();
        if (!TrainedModel.is(model)) {
            LoraExport export = LoraExport.of(Adapter.load(model)).type(storage(call));
            try (ModelWeights weights = ModelWeights.open(base(call, settings))) {
                export(call, out, export.rank(weights, rank)::write);
            }
            return;
        }
        try (Learner<?> learner = TrainedModel.open(model, settings, call);
                ModelWeights weights = ModelWeights.of(learner.adapted())) {
            LoraExport export = LoraExport.of(Adapter.load(model)).type(storage(call));
            export(call, out, export.rank(weights, rank)::write);
        }
    }

    private static void gguf(Call call, CliSettings settings, Path model, AdapterOutput out) throws IOException {
        if (TrainedModel.is(model)) {
            try (Learner<?> learner = TrainedModel.open(model, settings, call)) {
                if (!(learner instanceof LanguageLearner language)) {
                    throw CliException.usage(model + " is no language model; llama.cpp reads those alone");
                }
                export(call, out, GgufExport.of(language.model()).type(gguf(call, GgufType.F16))::write);
            }
            return;
        }
        Path directory = Bases.find(model.toString(), call.environment()).directory();
        export(call, out, GgufExport.of(directory).type(gguf(call, GgufType.F16))::write);
    }

    private static void huggingFace(Call call, CliSettings settings, Path model, AdapterOutput out) throws IOException {
        if (TrainedModel.is(model) && Files.exists(model.resolve(TrainedModel.LANGUAGE))) {
            try (CausalLm language = ((LanguageLearner) TrainedModel.open(model, settings, call)).model()) {
                export(call, out, CausalLmExport.of(language).type(storage(call))::write);
            }
            return;
        }
        try (Learner<?> learner = TrainedModel.open(model, settings, call)) {
            out.export(learner::export);
            told(call, out, Optional.empty());
        }
    }

    private static void onnx(Call call, CliSettings settings, Path model, AdapterOutput out) throws IOException {
        try (Learner<?> learner = TrainedModel.open(model, settings, call)) {
            if (!(learner instanceof TextLearner<?, ?, ?, ?, ?> text)
                    || !(text.task() instanceof TextClassifier classifier)) {
                throw CliException.usage("--to onnx writes classifiers; " + model + " is a model for " + learner.kind()
                        + ". \"lora4j merge\" writes a directory of Hugging Face for it");
            }
            TextEncoder encoder = classifier.encoder();
            OnnxExport export = onnx(call, settings, model, encoder).weights(classifier.weights());
            export = classifier.severalLabels()
                    ? export.severalLabels(encoder.pooling(), classifier.labels())
                    : export.classes(encoder.pooling(), classifier.labels());
            export(call, out, export.tokenizer(encoder.tokenizer())::write);
        }
    }

    private static OnnxExport onnx(Call call, CliSettings settings, Path model, TextEncoder encoder) {
        Bases.Base base = TrainedModel.base(TrainedModel.require(model), settings, call);
        if (base.path().isEmpty()) {
            return OnnxExport.ofResource(ConvertCommand.class.getClassLoader(), base.name() + ".onnx");
        }
        Path path = base.path().get();
        Path file = Files.isDirectory(path) ? path.resolve("model.onnx") : path;
        if (!Files.isRegularFile(file)) {
            throw CliException.input(MessageText.name(encoder.name())
                    + " did not come as ONNX, and --to onnx changes the values of such a file; \"lora4j merge\" writes a"
                    + " directory of Hugging Face");
        }
        return OnnxExport.of(file);
    }

    /** What an export of the library does. */
    private interface Export {
        ExportReport write(Path directory) throws IOException;
    }

    private static void export(Call call, AdapterOutput out, Export export) throws IOException {
        ExportReport[] report = new ExportReport[1];
        Path[] made = new Path[1];
        out.export(directory -> {
            made[0] = directory;
            report[0] = export.write(directory);
        });
        // It was written under another name and moved.
        String words =
                report[0].toString().replace(made[0].toString(), out.directory().toString());
        told(call, out, Optional.of(words));
    }

    private static void told(Call call, AdapterOutput out, Optional<String> report) {
        if (call.terminal().isJson()) {
            call.printJson(Map.of("written", out.directory().toString(), "report", report.orElse("")));
        } else {
            call.terminal().print("written to " + out.directory());
            report.ifPresent(call.terminal()::print);
        }
    }
}
