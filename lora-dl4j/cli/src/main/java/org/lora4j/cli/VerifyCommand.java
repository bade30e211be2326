/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.adapter.Adapter;
import org.lora4j.dossier.Replay;
import org.lora4j.dossier.ReplayVerdict;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.MessageText;
import org.lora4j.error.ModelFormatException;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.SigningKeys;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j verify}. */
final class VerifyCommand extends SimpleCommand {

    private static final String KEY = "--key";
    private static final String STRICT = "--strict";
    private static final String REPLAY = "--replay";
    private static final String ADAPTER = "adapter_config.json";

    VerifyCommand() {
        super(
                "verify",
                "lora4j verify model/",
                "lora4j verify model/ --key public.pem --strict",
                "lora4j verify model/ --replay --data questions.csv");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(
                CliCommand.argument(0, "MODEL", "directory of a model that lora4j train wrote, or of an adapter"));
        spec.addOption(CliCommand.several(
                KEY, "FILE", "public key in PEM; one of those that are given has to have signed it"));
        spec.addOption(CliCommand.flag(STRICT, "refuse a model without a receipt, as of Python"));
        spec.addOption(CliCommand.flag(REPLAY, "train again with the settings of the model, and compare every bit"));
        SettingFlags.describe(spec, Setting.DATA, Setting.VALIDATION, Setting.TEST, Setting.BASE);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path given = call.pathArgument(0, "MODEL");
        CliSettings flags = SettingFlags.read(call);
        List<PublicKey> keys = keys(call.texts(KEY));
        Path directory = StagedDirectory.locate(given);
        if (!Files.isDirectory(directory)) {
            throw CliException.input(MessageText.path(given) + ": there is no such directory; expected a model");
        }
        if (!TrainedModel.is(directory) && !Files.exists(directory.resolve(ADAPTER))) {
            throw CliException.input(MessageText.path(given) + " is neither a model that lora4j train wrote nor an"
                    + " adapter. \"lora4j inspect " + given + "\" says what it is");
        }
        Map<String, Object> found = TrainedModel.told(given);
        try {
            if (!keys.isEmpty()) {
                ModelSignature.verify(directory, keys);
                found.put("signature", "every file is as one of the keys signed it");
            } else if (Files.exists(directory.resolve(ModelSignature.FILE))) {
                found.put("signature", "there is one, which nobody looked at: give the signer's key by " + KEY);
            } else {
                found.put("signature", "none");
            }
            Optional<Receipt> receipt = receipt(directory, call.has(STRICT));
            found.put("receipt", receipt.map(Receipt::contentHash).orElse("none: taken by names and shapes"));
            receipt.ifPresent(of -> found.put("checks", of.checks()));
            load(given, directory, flags, call, found);
            found.put("base", base(directory, receipt));
            if (call.has(REPLAY)) {
                found.put("replay", replayed(given, directory, flags, call));
            }
        } catch (IOException | CliException e) {
            if (isOfTheFiles(e)) {
                throw new CliException(ExitCode.REFUSED, FailureWords.words(e), e);
            }
            throw e;
        }
        tell(call, found);
        return ExitCode.OK;
    }

    /** Trains with what the directory says of itself. What comes out otherwise is refused with what differs. */
    private static String replayed(Path given, Path directory, CliSettings flags, Call call) throws IOException {
        CliSettings settings = CliSettings.builder()
                .putAll(TrainedModel.settings(directory))
                .putAll(flags)
                .build();
        if (!settings.has(Setting.DATA)) {
            throw CliException.usage(
                    REPLAY + ": " + MessageText.path(given) + " does not say what it was trained on, as"
                            + " lora4j train did not write it; say it by --data FILE");
        }
        Bases.Base base = TrainedModel.base(directory, flags, call);
        LearnerWork work = new LearnerWork(
                settings, base, List.of(new TrainingProgress(call.terminal())), Optional.empty(), call.terminal());
        call.terminal().progress("training again what " + MessageText.path(given) + " was trained on");
        ReplayVerdict verdict = Replay.of(directory).run(folder -> {
            try (Learner<?> learner = TaskChoice.fresh(TaskChoice.of(settings, base), work)) {
                TrainCommand.again(settings, learner);
                learner.save(folder);
            }
        });
        call.terminal().endStatus();
        if (verdict.outcome() == ReplayVerdict.Outcome.DIFFERENT) {
            throw new CliException(ExitCode.REFUSED, MessageText.path(given) + ", trained again, is " + verdict);
        }
        return verdict.toString();
    }

    private static List<PublicKey> keys(List<String> given) throws IOException {
        List<PublicKey> keys = new ArrayList<>();
        for (String name : given) {
            keys.add(SigningKeys.readPublic(CliSettings.path(name, KEY)));
        }
        return keys;
    }

    /** What the files themselves are to blame for is what this command is asked about; a base that is not there is not. */
    private static boolean isOfTheFiles(Exception failure) {
        Throwable cause = failure instanceof CliException ? failure.getCause() : failure;
        return cause instanceof AdapterFormatException || cause instanceof ModelFormatException;
    }

    private static Optional<Receipt> receipt(Path directory, boolean strict) throws IOException {
        Path file = directory.resolve(Receipt.FILE);
        if (Files.exists(file)) {
            return Optional.of(Receipt.read(file));
        }
        if (strict) {
            throw new CliException(
                    ExitCode.REFUSED,
                    MessageText.path(directory) + " has no " + Receipt.FILE + ", which " + STRICT
                            + " asks for. Train it again, or leave " + STRICT + " out");
        }
        return Optional.empty();
    }

    private static String base(Path directory, Optional<Receipt> receipt) {
        if (!TrainedModel.is(directory)) {
            return "not looked at, as an adapter alone does not say where it is";
        }
        boolean compared = receipt.flatMap(of -> of.hash(Receipt.BASE)).isPresent();
        return compared ? "the one that it was trained on" : "fits by names and shapes";
    }

    /** Reading compares tensors, config, base and tokenizer with the receipt. */
    private static void load(Path given, Path directory, CliSettings flags, Call call, Map<String, Object> found)
            throws IOException {
        if (!TrainedModel.is(directory)) {
            Adapter adapter = Adapter.load(directory);
            found.put("tensors", tensors(List.of(adapter)));
            return;
        }
        try (Learner<?> learner = TrainedModel.open(given, flags, call)) {
            learner.open();
            if (Files.exists(directory.resolve(ADAPTER))) {
                List<Adapter> written = List.copyOf(Adapter.loadAll(directory).values());
                found.put("tensors", applied(given, written, learner.adapted()));
            }
        }
    }

    /** How many tensors of the files are in the model now; all of them, and no other. */
    private static int applied(Path given, List<Adapter> written, AdaptedSameDiff model) {
        List<Adapter> live = model.adapterNames().stream().map(model::adapter).toList();
        boolean same = hashes(live).equals(hashes(written));
        if (!same) {
            throw new CliException(
                    ExitCode.REFUSED,
                    MessageText.path(given) + ": of " + tensors(written) + " tensors in its files the loaded model has "
                            + tensors(live) + " or others; expected all of them, to the bit");
        }
        return tensors(live);
    }

    private static List<String> hashes(List<Adapter> adapters) {
        return adapters.stream().map(Adapter::contentHash).sorted().toList();
    }

    private static int tensors(Collection<Adapter> adapters) {
        return adapters.stream()
                .mapToInt(adapter -> adapter.savedParameters().size()
                        + adapter.modules().values().stream()
                                .mapToInt(Map::size)
                                .sum())
                .sum();
    }

    private static void tell(Call call, Map<String, Object> found) {
        if (call.terminal().isJson()) {
            Map<String, Object> told = new LinkedHashMap<>(found);
            told.put("verified", true);
            call.printJson(told);
            return;
        }
        call.terminal().print("verified: " + found.remove("model"));
        found.forEach((what, value) -> call.terminal()
                .print("  " + what + ": "
                        + TerminalText.line(
                                value instanceof List<?> list
                                        ? String.join(
                                                ", ",
                                                list.stream()
                                                        .map(String::valueOf)
                                                        .toList())
                                        : String.valueOf(value))));
    }
}
