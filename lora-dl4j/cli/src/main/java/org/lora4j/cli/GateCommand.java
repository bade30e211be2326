/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.dossier.GateVerdict;
import org.lora4j.dossier.PairedResults;
import org.lora4j.dossier.PromotionGate;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.JsonObjects;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j gate}. */
final class GateCommand extends SimpleCommand {

    private static final String LABEL_LOSS = "--label-loss";
    private static final String LEAST_GAIN = "--least-gain";

    GateCommand() {
        super(
                "gate",
                "lora4j gate candidate/ model/ --data test.csv",
                "lora4j gate candidate/ model/ --data test.csv --label-loss 0.05 --json");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "CANDIDATE", "directory of the new model"));
        spec.addPositional(CliCommand.argument(1, "CURRENT", "directory of the model in use, of the same task"));
        spec.addOption(CliCommand.option(
                LABEL_LOSS, "X", "how much a label may lose at most, of its share of right answers [0.02]"));
        spec.addOption(CliCommand.option(LEAST_GAIN, "X", "how much better the candidate has to be [0]"));
        ReportCommand.describeData(spec);
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path candidate = call.pathArgument(0, "CANDIDATE");
        Path current = call.pathArgument(1, "CURRENT");
        CliSettings flags = SettingFlags.read(call);
        Path data = flags.required(Setting.DATA, "test.csv");
        Optional<Double> labelLoss = bound(call, LABEL_LOSS);
        Optional<Double> leastGain = bound(call, LEAST_GAIN);
        TrainedModel.require(candidate);
        TrainedModel.require(current);
        Judged judged;
        try (Learner<?> one = TrainedModel.open(candidate, flags, call);
                Learner<?> other = TrainedModel.open(current, flags, call)) {
            if (!one.kind().equals(other.kind())) {
                throw CliException.usage(MessageText.path(candidate) + " is a model for " + one.kind() + ", and "
                        + MessageText.path(current) + " for " + other.kind() + "; expected two of the same task");
            }
            judged = judge(one, other, data);
        }
        PromotionGate usual = PromotionGate.usual();
        // A bound in shares of right answers says nothing of marks of another unit.
        double loss = judged.candidate().hasLabels() ? labelLoss.orElse(usual.labelLoss()) : Double.MAX_VALUE;
        if (labelLoss.isPresent() && !judged.candidate().hasLabels()) {
            throw CliException.usage(LABEL_LOSS + " is for models that answer with a label");
        }
        GateVerdict verdict = new PromotionGate(
                        loss, usual.scoreLoss(), usual.costRatio(), leastGain.orElse(usual.leastGain()), usual.seed())
                .judge(judged.paired());
        tell(call, candidate, current, judged.candidate(), verdict);
        return verdict.decision() == GateVerdict.Decision.PROMOTE ? ExitCode.OK : ExitCode.REFUSED;
    }

    private static Optional<Double> bound(Call call, String option) {
        return call.text(option)
                .map(text -> SettingValues.number(text)
                        .filter(value -> value >= 0)
                        .orElseThrow(() -> CliException.usage(
                                option + " " + MessageText.name(text) + ": expected a number from 0")));
    }

    /** The marks of both for the same examples. */
    private record Judged(Marks candidate, Marks current) {
        PairedResults paired() {
            return new PairedResults(candidate.kinds(), current.marks(), candidate.marks(), Map.of(), Map.of());
        }
    }

    @SuppressWarnings("unchecked") // Learners of the same kind have the same examples.
    private static <E> Judged judge(Learner<E> candidate, Learner<?> current, Path data) {
        List<E> examples = ReportCommand.examples(candidate, data);
        return new Judged(candidate.marks(examples), ((Learner<E>) current).marks(examples));
    }

    private static void tell(Call call, Path candidate, Path current, Marks marks, GateVerdict verdict)
            throws IOException {
        if (call.terminal().isJson()) {
            Map<String, Object> told = new LinkedHashMap<>(JsonObjects.read("verdict", verdict.json()));
            told.put("candidate", candidate.toString());
            told.put("current", current.toString());
            told.put("measured", marks.meaning());
            call.printJson(told);
            return;
        }
        Terminal terminal = call.terminal();
        terminal.sentence(TerminalText.line(verdict.sentence()));
        terminal.print("measured: " + marks.meaning());
        verdict.mcNemar().ifPresent(p -> terminal.print("McNemar's test: p = " + Measures.number(p)));
        if (marks.hasLabels()) {
            verdict.byLabel()
                    .forEach((label, gain) -> terminal.print(
                            "  " + TerminalText.line(label) + " " + (gain > 0 ? "+" : "") + Measures.number(gain)));
        }
    }
}
