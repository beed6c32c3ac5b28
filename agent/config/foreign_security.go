package config

func tlsWords() foreign {
	f := foreign{}
	f.words(meant("ca"), "ca_file ca_cert cafile certificate_authorities certificate_authority ssl.ca.location truststore truststore_location ssl.truststore.location")
	f.words(meant("certificate"), "cert cert_file crt_file certificate_file client_cert keystore ssl.certificate.location ssl.keystore.location")
	f.words(meant("key"), "key_file keyfile private_key ssl.key.location")
	f.words(meant("server_name"), "servername sni server_name_indication")
	f.words(instead(`the key without a passphrase is read; let file permissions, or systemd's LoadCredential=, protect it; remove this key`),
		"key_pass key_passphrase key_password ssl.key.password keystore_password truststore_password")
	f.words(instead("tls: true, or any key in here, switches TLS on; remove it"), "enabled enable ssl_enabled")
	f.words(instead("a broker's certificate is always verified; give the authority that signed it in ca, and the name it has in server_name"),
		"insecure_skip_verify insecure verify_certificate verify_hostname verification_mode verify skip_verify ssl.endpoint.identification.algorithm enable.ssl.certificate.verification")
	f.words(instead("TLS 1.2 and 1.3 are spoken, with Go's choice of ciphers; remove it"), "min_version max_version supported_protocols cipher_suites ciphers")
	return f
}

func saslWords() foreign {
	f := foreign{}
	f.words(meant("mechanism"), "mechanisms type sasl_mechanism sasl.mechanism sasl.mechanisms")
	f.words(meant("username"), "user name login sasl.username")
	f.words(meant("password"), "pass passwd secret sasl.password")
	f.words(meant("password_file"), "passwordfile password_path")
	f.words(meant("token_url"), "token_endpoint oauth_url tokenurl sasl.oauthbearer.token.endpoint.url endpoint")
	f.words(meant("token_file"), "token token_path")
	f.words(meant("client_secret"), "clientsecret")
	f.words(meant("scopes"), "scope sasl.oauthbearer.scope")
	f.words(meant("keytab"), "keytab_path keytab_file sasl.kerberos.keytab")
	f.words(meant("principal"), "kerberos_principal sasl.kerberos.principal realm")
	f.words(meant("service"), "service_name sasl.kerberos.service.name")
	f.words(instead("it is in /etc/krb5.conf, or in the file that $KRB5_CONFIG names; remove it"), "config_path krb5_conf kdc")
	f.words(instead("it is found as by any AWS program, and the region from the brokers' names or $AWS_REGION; remove it"),
		"region access_key secret_key session_token profile role_arn aws_region")
	f.words(instead("a mechanism switches SASL on; remove it"), "enabled enable")
	return f
}
