/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.integration.benchmark.BusyTeam.Door;
import org.lora4j.integration.benchmark.DefaultsTeam.Work;

/** Who is timed beside whom, and what the project promises of it. */
enum Match {
    /** MiniLM, 32 x 64 tokens. */
    ENCODER(
            "MiniLM, batch of 32 x 64 tokens, FLOAT, strict; LoRA of rank 8",
            List.of(
                    Team.BOUND,
                    Team.BOUND_MKL,
                    Team.LORA4J,
                    Team.SAMEDIFF,
                    Team.PYTORCH,
                    Team.PYTORCH_MKL,
                    Team.ONNX_RUNTIME),
            List.of(
                    new Claim("LoRA step / bound", EncoderTeam.ALL, BoundTeam.ALL, 1.3),
                    new Claim(
                            "LoRA step, products by ND4J / OpenBLAS's bound",
                            EncoderTeam.ALL_ND4J,
                            List.of(BoundTeam.OPEN_BLAS),
                            1.5),
                    Claim.atMost(
                            "LoRA step in BF16 / strict",
                            EncoderTeam.ALL_BF16,
                            EncoderTeam.ALL,
                            Machine.has("amx_bf16") ? 0.4 : 0.6),
                    Claim.atMost(
                            "LoRA step, activations computed again / kept",
                            EncoderTeam.ALL_RECOMPUTED,
                            EncoderTeam.ALL,
                            1.4),
                    new Claim(
                            "LoRA step / fastest PyTorch's, F32",
                            EncoderTeam.ALL,
                            TorchEncoder.keys(TorchEncoder.LORA),
                            0.65),
                    new Claim(
                            "LoRA step in BF16 / fastest PyTorch's, BF16 or F32",
                            EncoderTeam.ALL_BF16,
                            TorchEncoder.keys(TorchEncoder.LORA_BF16, TorchEncoder.LORA),
                            0.4),
                    new Claim(
                            "full fine-tuning / fastest PyTorch's",
                            EncoderTeam.FULL,
                            TorchEncoder.keys(TorchEncoder.FULL),
                            0.9,
                            1),
                    new Claim(
                            "full fine-tuning / fastest PyTorch's",
                            EncoderTeam.FULL,
                            TorchEncoder.keys(TorchEncoder.FULL),
                            0.8,
                            2),
                    Claim.atMost("LoRA step / stock SameDiff's full step", EncoderTeam.ALL, StockTeam.FULL_FIT, 0.25),
                    Claim.atMost(
                            "step of query and value / all linear", EncoderTeam.QUERY_VALUE, EncoderTeam.ALL, 0.92),
                    Claim.atMost("step of the top two blocks / all linear", EncoderTeam.TOP_TWO, EncoderTeam.ALL, 0.75),
                    Claim.atMost(
                            "output, LoRA unmerged / base", EncoderTeam.UNMERGED_OUTPUT, EncoderTeam.BASE_OUTPUT, 1.06),
                    Claim.atMost("output, merged / base", EncoderTeam.MERGED_OUTPUT, EncoderTeam.BASE_OUTPUT, 1.02),
                    Claim.atMost(
                            "output of the base / stock session's", EncoderTeam.BASE_OUTPUT, StockTeam.OUTPUT, 0.8),
                    Claim.atMost("output of the base / ONNX Runtime's", EncoderTeam.BASE_OUTPUT, OnnxTeam.OUTPUT, 0.75),
                    new Claim(
                            "output of the base in BF16 / fastest PyTorch's in BF16",
                            EncoderTeam.BASE_OUTPUT_BF16,
                            TorchEncoder.keys(TorchEncoder.OUTPUT_BF16),
                            1))),
    /** Perceptrons. */
    MLP(
            "Perceptron 784-2048-2048-10, FLOAT, Adam; LoRA of rank 8 on both hidden layers",
            List.of(Team.DEEPLEARNING4J, Team.PYTORCH_MLP),
            perceptrons()),
    /** Methods beside LoRA. */
    METHODS(
            "A training step of every method: MiniLM, batch of 32 x 64 tokens, FLOAT, strict",
            List.of(Team.METHODS),
            MethodTeam.claims()),
    /** A decoder of SmolLM-135M's shape. */
    DECODER(
            "A decoder of SmolLM-135M's shape, random weights, LoRA of rank 8 on all linear layers, 4 x 256 tokens",
            List.of(Team.DECODER, Team.PYTORCH_DECODER, Team.LLAMA_CPP),
            List.of(
                    Claim.atMost("135M, step / bound", DecoderTeam.STEP, DecoderTeam.BOUND, 1.5),
                    Claim.atMost("135M, step / PyTorch's", DecoderTeam.STEP, TorchDecoder.STEP, 0.8))),
    /** Encoders of all families, one after the other. */
    ENCODERS(
            "Encoders of the size of published base models, six layers, random weights, batch of 32 x 64 tokens, FLOAT, strict; LoRA of rank 8",
            List.of(Team.FAMILIES_BOUND, Team.FAMILIES, Team.FAMILIES_PYTORCH, Team.FAMILIES_PYTORCH_MKL),
            FamilyTeam.claims()),
    /** This library as it comes, and as it was found to be fastest by hand. */
    DEFAULTS(
            "What one gets without saying anything, beside the best setting by hand",
            List.of(Team.DEFAULTS, Team.TUNED, Team.TUNED_OPS),
            defaults()),
    /** The same of every door while other processes compute. */
    BUSY(
            "Every door while two other processes compute, as it comes and with the best setting by hand",
            List.of(Team.BUSY, Team.BUSY_PASSIVE, Team.BUSY_ONE),
            doors());

    /** 0.95 of the examples a second. */
    private static final double WITHIN_FIVE_PERCENT = 1 / 0.95;

    private static final double WITHIN_TEN_PERCENT = 1.1;

    /** Two processes with the same settings differ by up to a fifth in all that they do: one start tells little. */
    private static final int STARTS_WHEN_BUSY = 4;

    private final String title;
    private final List<Team> teams;
    private final List<Claim> claims;

    Match(String title, List<Team> teams, List<Claim> claims) {
        this.title = title;
        this.teams = teams;
        this.claims = claims;
    }

    private static List<Claim> defaults() {
        Map<Work, String> names = new LinkedHashMap<>();
        names.put(Work.TEXTS, "MiniLM on glosses");
        names.put(Work.NETWORK, "Deeplearning4j");
        names.put(Work.TRIBUO, "Tribuo");
        List<Claim> claims = new ArrayList<>();
        names.forEach((work, name) -> claims.add(new Claim(
                name + ": time by default / best setting",
                DefaultsTeam.key("defaults", work),
                List.of(DefaultsTeam.key("tuned", work), DefaultsTeam.key("tunedOps", work)),
                WITHIN_FIVE_PERCENT)));
        claims.add(Claim.atMost(
                "time of output / executor().output",
                DefaultsTeam.key("defaults", Work.OUTPUT),
                DefaultsTeam.key("defaults", Work.EXECUTOR),
                WITHIN_FIVE_PERCENT));
        return claims;
    }

    private static List<Claim> doors() {
        return Arrays.stream(Door.values())
                .map(door -> new Claim(
                        door.words() + ": by default / best setting",
                        BusyTeam.key("busy", door),
                        List.of(BusyTeam.key("busyPassive", door), BusyTeam.key("busyOne", door)),
                        WITHIN_TEN_PERCENT))
                .toList();
    }

    private static List<Claim> perceptrons() {
        List<Claim> claims = new ArrayList<>();
        for (int batch : MlpTeam.BATCHES) {
            claims.add(Claim.atMost(
                    "LoRA step, low memory / PyTorch LoRA, batch " + batch,
                    MlpTeam.key("lowMemory", batch),
                    TorchMlp.key(true, batch),
                    1));
            claims.add(Claim.atMost(
                    "LoRA step, low memory / stock Deeplearning4j, batch " + batch,
                    MlpTeam.key("lowMemory", batch),
                    MlpTeam.key("stock", batch),
                    0.5));
        }
        return claims;
    }

    String title() {
        return title;
    }

    List<Team> teams() {
        return teams;
    }

    List<Claim> claims() {
        return claims;
    }

    /**
     * What is timed together, by processes that are started for it; the rest takes no memory meanwhile.
     *
     * @param only keys with commas, or of {@link #ENCODERS} families; empty for all
     * @return keys with commas, empty for all
     */
    List<String> groups(String only) {
        if (this == BUSY) {
            return Collections.nCopies(STARTS_WHEN_BUSY, only);
        }
        if (this != ENCODERS) {
            return List.of(only);
        }
        List<String> asked = List.of(only.split(","));
        return Arrays.stream(PublishedEncoder.values())
                .map(family -> FamilyTeam.keys(family).stream()
                        .filter(key -> only.isEmpty() || asked.contains(key) || asked.contains(family.key()))
                        .collect(Collectors.joining(",")))
                .filter(keys -> !keys.isEmpty())
                .toList();
    }

    /** How many other processes compute meanwhile. */
    int spinners() {
        return this == BUSY ? 2 : 0;
    }
}
