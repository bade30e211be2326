/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.TemporaryFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a load and a server ask of a directory before they take what is in it. By default a receipt is compared with what is there,
 * and a directory without one, as Python writes it, is taken by names and shapes, which the log says. Immutable: each call gives
 * another policy.
 *
 * @apiNote Status: stable
 */
public final class TrustPolicy {

    private static final Logger LOG = LoggerFactory.getLogger(TrustPolicy.class);

    private static final TrustPolicy USUAL = new TrustPolicy(false, false, List.of());

    private final boolean strict;
    private final boolean otherBase;
    private final List<PublicKey> keys;

    private TrustPolicy(boolean strict, boolean otherBase, List<PublicKey> keys) {
        this.strict = strict;
        this.otherBase = otherBase;
        this.keys = keys;
    }

    /**
     * What holds if nobody says anything.
     *
     * @return a policy that compares receipts where there are any
     */
    public static TrustPolicy usual() {
        return USUAL;
    }

    /**
     * Refuses directories without a receipt, and adapters that are given as values without one.
     *
     * @return a policy
     */
    public TrustPolicy strict() {
        return new TrustPolicy(true, otherBase, keys);
    }

    /**
     * Takes what was trained on another base, or with another tokenizer or chat template, as long as names and shapes fit. The log
     * warns, and the status of a server shows it.
     *
     * @return a policy
     */
    public TrustPolicy allowOtherBase() {
        return new TrustPolicy(strict, true, keys);
    }

    /**
     * Takes only directories that are signed by one of some keys, as {@link ModelSignature} does. What is read are the bytes that
     * were verified: they are copied to a temporary folder while their hashes are taken. Servers refuse adapters that are given as
     * values then, as those have no bytes that somebody signed.
     *
     * @param trusted the keys, in the place of those that were given before
     * @return a policy
     * @throws IllegalArgumentException if a key is of another kind than P-256, P-384 or P-521, or there is none
     */
    public TrustPolicy trusting(PublicKey... trusted) {
        Arguments.required(trusted, "TrustPolicy.trusting: trusted", "public keys");
        List<PublicKey> all =
                Arguments.allRequired(Arrays.asList(trusted), "TrustPolicy.trusting: trusted", "a public key");
        if (all.isEmpty()) {
            throw new IllegalArgumentException("TrustPolicy.trusting: there is no key; expected one or more.");
        }
        all.forEach(SigningKeys::algorithm);
        return new TrustPolicy(strict, otherBase, List.copyOf(all));
    }

    /**
     * Whether another base is taken.
     *
     * @return true after {@link #allowOtherBase}
     */
    public boolean allowsOtherBase() {
        return otherBase;
    }

    /**
     * Whether directories have to be signed.
     *
     * @return true after {@link #trusting}
     */
    public boolean requiresSignature() {
        return !keys.isEmpty();
    }

    /**
     * A directory to read from: itself, or a copy of what a trusted key signed.
     *
     * @param path where to read
     * @param copy the copy, if there is one
     * @apiNote Status: stable
     */
    public record Opened(Path path, Optional<Path> copy) implements AutoCloseable {

        /** Removes the copy, if there is one. */
        @Override
        public void close() throws IOException {
            if (copy.isPresent()) {
                new TemporaryFolder(copy.get()).close();
            }
        }
    }

    /**
     * Opens a directory; with trusted keys, after it was verified.
     *
     * @param directory the directory
     * @return where to read, to be closed
     * @throws UnverifiedModelException if it has to be signed, and is not as a trusted key signed it
     * @throws IOException if a file cannot be read
     */
    public Opened open(Path directory) throws IOException {
        Arguments.required(directory, "TrustPolicy.open: directory", "a directory");
        if (keys.isEmpty()) {
            return new Opened(directory, Optional.empty());
        }
        TemporaryFolder copy = TemporaryFolder.create();
        try {
            // Under its own name, which a model may be called by.
            Path target = copy.folder()
                    .resolve(String.valueOf(
                            directory.toAbsolutePath().normalize().getFileName()));
            Files.createDirectories(target);
            ModelSignature.verified(
                    directory,
                    directory.resolve(ModelSignature.FILE),
                    keys,
                    SignatureOptions.STRICT,
                    Optional.of(target));
            return new Opened(target, Optional.of(copy.folder()));
        } catch (IOException | RuntimeException | Error e) {
            copy.close();
            throw e;
        }
    }

    /**
     * Refuses a directory without a receipt, if this policy is strict; else the log says that it could not be checked.
     *
     * @param directory the directory, for messages
     * @param receipt its receipt, if it has one
     * @throws UnverifiedModelException if it has none and needs one
     */
    public void requireReceipt(Path directory, Optional<Receipt> receipt) throws UnverifiedModelException {
        if (receipt.isPresent()) {
            return;
        }
        if (strict) {
            throw new UnverifiedModelException(MessageText.path(directory) + ": there is no " + Receipt.FILE
                    + "; expected one, as the policy is strict. Save it again where it was trained, or take it by"
                    + " TrustPolicy.usual().");
        }
        LOG.info(
                "{}: it has no {}, so that it could not be checked that it belongs to this base; it is taken by names and shapes",
                directory,
                Receipt.FILE);
    }

    /**
     * Refuses an adapter that is given as a value, without a directory: if this policy is strict, one that has no receipt, as one of
     * arrays or of Python; if keys are trusted, any, as a value has no bytes that somebody signed.
     *
     * @param where the call with the name of the adapter, for messages
     * @param receipt the receipt that the adapter carries, if it has one
     * @throws IllegalArgumentException if it is refused
     */
    public void requireValue(String where, Optional<Receipt> receipt) {
        Arguments.required(receipt, "TrustPolicy.requireValue: receipt", "an Optional");
        if (requiresSignature()) {
            throw new IllegalArgumentException(
                    where + ": it is given as a value, and nobody signs values; expected a directory"
                            + " that a trusted key signed. Save it, sign the directory with ModelSignature.sign, and give the"
                            + " directory.");
        }
        if (strict && receipt.isEmpty()) {
            throw new IllegalArgumentException(
                    where + ": it has no receipt; expected one, as the policy is strict. Take the adapter"
                            + " from the model that trained it or from a directory with " + Receipt.FILE
                            + ", or take it by TrustPolicy.usual().");
        }
    }

    /**
     * Compares a receipt with what is there.
     *
     * @param where the directory or the adapter, for messages
     * @param receipt the receipt
     * @param here hashes of what is there by the names of a receipt; one that is not known is left out
     * @return what differs and was allowed; empty if nothing does
     * @throws IncompatibleBaseException if something differs and was not allowed; the message has both hashes
     */
    public List<String> compare(String where, Receipt receipt, Map<String, String> here)
            throws IncompatibleBaseException {
        Arguments.required(receipt, "TrustPolicy.compare: receipt", "a receipt");
        Arguments.allRequired(here, "TrustPolicy.compare: here", "a hash");
        List<String> differences = new ArrayList<>();
        for (String of : List.of(Receipt.BASE, Receipt.TOKENIZER, Receipt.CHAT_TEMPLATE)) {
            String trained = receipt.hash(of).orElse("none");
            String now = here.getOrDefault(of, "none");
            // Of the weights of a base it may be unknown what they were; a template that is not there is none, where
            // whoever
            // wrote the receipt knew the files of the base.
            boolean knowsFiles = receipt.hash(Receipt.BASE).isPresent();
            boolean unknown =
                    (trained.equals("none") || now.equals("none")) && !(of.equals(Receipt.CHAT_TEMPLATE) && knowsFiles);
            if (!unknown && !trained.equals(now)) {
                differences.add("the " + of.replace('_', ' ') + " has the hash " + now + ", and it was trained with "
                        + trained);
            }
        }
        if (differences.isEmpty()) {
            return differences;
        }
        String all = String.join("; ", differences);
        if (!otherBase) {
            throw new IncompatibleBaseException(where + ": " + all
                    + "; expected the same. Load the base that it was trained on, or allow another one by"
                    + " TrustPolicy.usual().allowOtherBase().");
        }
        LOG.warn("{}: {}; it is taken all the same, as that was allowed", where, all);
        return List.copyOf(differences);
    }

    @Override
    public String toString() {
        return "TrustPolicy[" + (strict ? "strict" : "usual") + (otherBase ? ", any base" : "")
                + (keys.isEmpty() ? "" : ", signed by one of " + keys.size() + " keys") + "]";
    }
}
