/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;

/**
 * Keys of the curves P-256, P-384 and P-521, the only ones that models are signed with here.
 *
 * @apiNote Status: experimental
 */
public final class SigningKeys {

    private static final int MOST_BYTES = 1 << 16;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----");

    /** A curve with the hash that goes with it. */
    private enum Curve {
        P256("secp256r1", "SHA256withECDSA"),
        P384("secp384r1", "SHA384withECDSA"),
        P521("secp521r1", "SHA512withECDSA");

        private final String name;
        private final String algorithm;

        Curve(String name, String algorithm) {
            this.name = name;
            this.algorithm = algorithm;
        }

        private boolean isOf(ECPublicKey key) throws GeneralSecurityException {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(new ECGenParameterSpec(name));
            ECParameterSpec own = parameters.getParameterSpec(ECParameterSpec.class);
            ECParameterSpec of = key.getParams();
            return own.getCurve().equals(of.getCurve())
                    && own.getGenerator().equals(of.getGenerator())
                    && own.getOrder().equals(of.getOrder())
                    && own.getCofactor() == of.getCofactor();
        }
    }

    private SigningKeys() {}

    /**
     * Reads a public key.
     *
     * @param pem a file with a key in PEM, {@code BEGIN PUBLIC KEY}; text before it is passed over
     * @return the key
     * @throws UnverifiedModelException if it has none, or one of another kind than P-256, P-384 or P-521
     * @throws IOException if it cannot be read
     */
    public static PublicKey readPublic(Path pem) throws IOException {
        Arguments.required(pem, "SigningKeys.readPublic: pem", "a file in PEM");
        byte[] bytes = RegularFile.bytes(pem, "a public key", MOST_BYTES, UnverifiedModelException::new);
        Matcher matcher = PEM.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
        if (!matcher.find()) {
            throw new UnverifiedModelException(
                    MessageText.path(pem) + ": it has no public key in PEM; expected BEGIN PUBLIC KEY.");
        }
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(matcher.group(1));
            for (String kind : new String[] {"EC", "RSA"}) {
                try {
                    PublicKey key = KeyFactory.getInstance(kind).generatePublic(new X509EncodedKeySpec(der));
                    algorithm(key);
                    return key;
                } catch (java.security.spec.InvalidKeySpecException e) {
                    // Of another kind.
                    continue;
                }
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new UnverifiedModelException(MessageText.path(pem) + ": " + e.getMessage(), e);
        }
        throw new UnverifiedModelException(MessageText.path(pem)
                + ": it has a key of a kind that is not known; expected one of P-256, P-384 or P-521.");
    }

    /** The algorithm of signatures by a key. */
    static String algorithm(PublicKey key) {
        try {
            if (key instanceof ECPublicKey ec) {
                for (Curve curve : Curve.values()) {
                    if (curve.isOf(ec) && isOnCurve(ec)) {
                        return curve.algorithm;
                    }
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the Java platform has no elliptic curves: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("the key is one of " + MessageText.value(key.getAlgorithm())
                + ", on none of the curves that models are signed with; expected P-256, P-384 or P-521.");
    }

    private static boolean isOnCurve(ECPublicKey key) {
        java.security.spec.EllipticCurve curve = key.getParams().getCurve();
        BigInteger p = ((java.security.spec.ECFieldFp) curve.getField()).getP();
        BigInteger x = key.getW().getAffineX();
        BigInteger y = key.getW().getAffineY();
        BigInteger right =
                x.pow(3).add(curve.getA().multiply(x)).add(curve.getB()).mod(p);
        return y.multiply(y).mod(p).equals(right);
    }

    /** By what a signature says which key it is by: the hash of the key in PEM. */
    static String hint(PublicKey key) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
        String pem = "-----BEGIN PUBLIC KEY-----\n" + base64 + "\n-----END PUBLIC KEY-----\n";
        return Sha256.of(pem.getBytes(StandardCharsets.US_ASCII));
    }

    static boolean verifies(PublicKey key, byte[] signed, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance(algorithm(key));
            verifier.initVerify(key);
            verifier.update(signed);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // Bytes that are no signature at all.
            return false;
        }
    }
}
