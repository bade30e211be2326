/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Map;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.trust.ModelSignature;
import picocli.CommandLine.Model.CommandSpec;

/** {@code lora4j sign}. */
final class SignCommand extends SimpleCommand {

    private static final String KEY = "--key";
    private static final String FORCE = "--force";

    SignCommand() {
        super("sign", "lora4j sign model/ --key private.pem");
    }

    @Override
    public void describe(CommandSpec spec) {
        spec.addPositional(CliCommand.argument(0, "DIR", "directory of a model or an adapter"));
        spec.addOption(CliCommand.option(KEY, "FILE", "your private key in PEM, on P-256, P-384 or P-521"));
        spec.addOption(CliCommand.flag(FORCE, "replace the signature that is there"));
    }

    @Override
    public ExitCode run(Call call) throws Exception {
        Path given = call.pathArgument(0, "DIR");
        Path key = call.path(KEY)
                .orElseThrow(() -> CliException.usage(KEY + " is missing: your private key; such as " + KEY
                        + " private.pem. Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out"
                        + " private.pem"));
        Path directory = StagedDirectory.locate(given);
        if (!Files.isDirectory(directory)) {
            throw CliException.input(MessageText.path(given) + ": there is no such directory; expected a model");
        }
        if (key.toAbsolutePath()
                .normalize()
                .startsWith(directory.toAbsolutePath().normalize())) {
            throw CliException.usage(KEY + " " + MessageText.path(key)
                    + " is in the directory that is signed, and would travel with it; move it elsewhere");
        }
        if (Files.exists(directory.resolve(ModelSignature.FILE)) && !call.has(FORCE)) {
            throw CliException.usage(MessageText.path(given) + " has a signature already; nothing is overwritten."
                    + " Replace it: " + FORCE);
        }
        KeyPair keys = SigningKeyFile.read(key);
        Path signature = ModelSignature.sign(directory, keys);
        if (call.terminal().isJson()) {
            Map<String, Object> told = TrainedModel.told(given);
            told.put("signature", signature.toString());
            call.printJson(told);
        } else {
            call.terminal().print("signed: " + signature + ". Every later change of the directory breaks it");
        }
        return ExitCode.OK;
    }
}
