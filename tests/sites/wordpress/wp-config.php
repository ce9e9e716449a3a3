<?php
// A small WordPress site behind the edge. What differs between runs is an environment variable.

// The edge says in these two fields which site the visitor asked for.
$_SERVER['HTTP_HOST'] = $_SERVER['HTTP_X_FORWARDED_HOST'] ?? 'www.example.com';
$_SERVER['HTTPS'] = ($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? 'https') === 'https' ? 'on' : 'off';

define('EDGE', getenv('EDGE_URL') ?: '');
define('EDGE_TOKEN', getenv('EDGE_TOKEN') ?: '');

define('WP_HOME', 'https://www.example.com');
define('WP_SITEURL', 'https://www.example.com');
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('DATABASE_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, "no secret, a site of the tests: $name");
}
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_ACCESSIBLE_HOSTS', '127.0.0.1');
if (getenv('STOCK')) define('WPMU_PLUGIN_DIR', __DIR__ . '/no-plugins');
$table_prefix = 'wp_';

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
